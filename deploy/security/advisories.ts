/** Advisories against the list of what was accepted. Pure. */

export interface Accepted {
  /** GHSA-… */
  readonly advisory: string;
  readonly package: string;
  /** Why it does not hurt here. */
  readonly reason: string;
  /** YYYY-MM-DD; it is to be looked at again then. */
  readonly until: string;
}

/** The part of npm's answer (audit report version 2) that is looked at. */
export interface NpmAudit {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (string | Via)[] }>>;
}

interface Via {
  readonly url: string;
  readonly title: string;
  readonly severity: string;
  readonly name: string;
}

/** What is wrong, a line each; nothing when all is accepted. `today` is YYYY-MM-DD. */
export function judge(audit: NpmAudit, accepted: readonly Accepted[], today: string): string[] {
  if (audit.auditReportVersion !== 2 || !audit.vulnerabilities)
    return ['the registry gave no report: ask one that serves advisories'];
  const found = new Map<string, Via>();
  for (const { via } of Object.values(audit.vulnerabilities))
    for (const v of via) if (typeof v !== 'string') found.set(v.url.split('/').at(-1) ?? v.url, v);
  const by = new Map(accepted.map((a) => [a.advisory, a]));
  const open = [...found].flatMap(([id, v]) => {
    const entry = by.get(id);
    if (!entry) return [`${id} ${v.severity} ${v.name}: ${v.title}`];
    return entry.until < today ? [`${id} ${v.name}: accepted until ${entry.until}, look again`] : [];
  });
  const stale = accepted
    .filter((a) => !found.has(a.advisory))
    .map((a) => `${a.advisory} ${a.package}: mended; remove it from the list`);
  return [...open, ...stale];
}
