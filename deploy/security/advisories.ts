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

/** The part of npm's answer that is looked at: an audit report of version 2, or what the registry said instead. */
export interface NpmAudit {
  readonly auditReportVersion?: number;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (string | Via)[] }>>;
}

interface Via {
  readonly url: string;
  readonly title: string;
  readonly severity: string;
  readonly name: string;
}

export type Verdict =
  | { readonly kind: 'clean'; readonly accepted: number }
  /** A line for each: an advisory nobody accepted, one accepted too long ago, and an entry of the list that nothing answers to. */
  | { readonly kind: 'open'; readonly lines: readonly string[] }
  /** The registry does not tell, which is no proof that all is well. */
  | { readonly kind: 'unanswered'; readonly reason: string };

/** `today` is YYYY-MM-DD. */
export function judge(audit: NpmAudit, accepted: readonly Accepted[], today: string): Verdict {
  if (audit.auditReportVersion !== 2 || !audit.vulnerabilities)
    return { kind: 'unanswered', reason: audit.message ?? 'the registry gave no report' };
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
  const lines = [...open, ...stale];
  return lines.length === 0 ? { kind: 'clean', accepted: accepted.length } : { kind: 'open', lines };
}

/** What npm printed; a registry that cannot be reached leaves no JSON. */
export function auditIn(text: string): NpmAudit {
  try {
    return (JSON.parse(text) ?? {}) as NpmAudit;
  } catch {
    return { message: text.trim().slice(0, SHOWN_CHARS) || 'npm printed nothing' };
  }
}

const SHOWN_CHARS = 300;
