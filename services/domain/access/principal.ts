/** Who asks, and what was granted to them. */

/** From the least to the most: each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'engineer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export type PrincipalKind = 'user' | 'machine' | 'service';

export interface Grant {
  readonly tenant: string;
  readonly role: Role;
  /** Prefix of device paths by whole levels, such as acme/north; empty: the whole tenant. */
  readonly site: string;
}

export interface Principal {
  readonly kind: PrincipalKind;
  /** As whoever vouches for it names it. */
  readonly subject: string;
  /** As the log names it: kind:subject. */
  readonly actor: string;
  /** The tenant it acts in: said by its credential, never by a request. */
  readonly tenant: string;
  readonly grants: readonly Grant[];
  readonly holds?: Holding;
}

/** What a machine has shown: it gives no role, but what is the machine's own (decide.ts). */
export interface Holding {
  readonly proof: 'claim' | 'certificate';
  readonly kind: 'agent' | 'device';
  readonly id: string;
  /** Id of the claim, or serial of the certificate. */
  readonly of: string;
  /** The certificate was replaced by a newer one some time ago: good for nothing but to ask for that again. */
  readonly replaced?: boolean;
}

/** Grants of one credential; more than that is a mistake of whoever made it. */
export const MAX_GRANTS = 64;

export function principal(
  kind: PrincipalKind,
  subject: string,
  tenant: string,
  grants: readonly Grant[],
  holds?: Principal['holds'],
): Principal {
  return { kind, subject, actor: `${kind}:${subject}`, tenant, grants, ...(holds && { holds }) };
}

export const isRole = (text: unknown): text is Role => ROLES.some((r) => r === text);

const GRANT = /^([a-z]+)(?:@(.{1,512}))?$/;

/** `operator` or `operator@acme/north`. Undefined for a role that is none of ours: a provider may list others. */
export function parseGrant(text: string, tenant: string): Grant | undefined {
  const [, role, site = ''] = GRANT.exec(text) ?? [];
  return isRole(role) ? { tenant, role, site: site.replace(/\/+$/, '') } : undefined;
}

export const showGrant = ({ role, site }: Pick<Grant, 'role' | 'site'>): string =>
  site === '' ? role : `${role}@${site}`;
