/** From the claims of a verified token to a principal. Pure. */
import { MAX_GRANTS, parseGrant, type Principal, principal } from './principal';

const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const MAX_SUBJECT_CHARS = 200;

/** Where a provider puts what we need. Claims inside others are named with dots: realm_access.roles. */
export interface ClaimNames {
  readonly roles: string;
  readonly tenant: string;
  /** For a provider that serves one tenant: the claim is then not looked at. */
  readonly fixedTenant?: string;
}

export type Claims = Readonly<Record<string, unknown>>;

/** A principal, or in words what its token lacks. */
export function principalOfClaims(claims: Claims, names: ClaimNames): Principal | string {
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT_CHARS)
    return `its sub is no text of 1 to ${MAX_SUBJECT_CHARS} characters`;
  const tenant = names.fixedTenant ?? claimAt(claims, names.tenant);
  if (typeof tenant !== 'string' || !TENANT.test(tenant)) return `its claim ${names.tenant} names no tenant`;
  const roles = claimAt(claims, names.roles);
  const list = typeof roles === 'string' ? roles.split(' ') : Array.isArray(roles) ? roles : [];
  const grants = list.flatMap((r) => (typeof r === 'string' ? (parseGrant(r, tenant) ?? []) : []));
  return principal('user', subject, tenant, grants.slice(0, MAX_GRANTS));
}

/** A claim whose own name has dots (a URL) wins over one inside others. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
