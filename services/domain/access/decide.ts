/** May this principal do that with this? Decided here and nowhere else. Pure. */
import { type Action, ACTIONS } from './actions';
import { type Grant, type Principal, ROLES, type Role, showGrant } from './principal';

export interface Resource {
  readonly tenant: string;
  /** Where it is: enterprise/site/area/line/cell. Undefined: it is the tenant itself, which a grant for a site does not reach. */
  readonly path: string | undefined;
  /** The machines that it is a matter of, as `device/boiler-1`: the device itself, and the agent that it is reached through. */
  readonly machines?: readonly string[];
}

export type Refusal =
  /** Nothing tells it from a resource that does not exist: another tenant's, or at a site it sees nothing of. */
  | 'hidden'
  /** It is seen, and more than its role is asked. */
  | 'role';

export type Verdict =
  | { readonly allowed: true; readonly by: Grant }
  | { readonly allowed: false; readonly refusal: Refusal; readonly reason: string };

const rank = (role: Role): number => ROLES.indexOf(role);

/** Path is the site itself or below it, by whole levels. */
export const isWithin = (path: string, site: string): boolean =>
  site === '' || path === site || path.startsWith(`${site}/`);

function reaches(grant: Grant, { tenant, path }: Resource): boolean {
  if (grant.tenant !== tenant) return false;
  return path === undefined ? grant.site === '' : isWithin(path, grant.site);
}

export function decide(principal: Principal, action: Action, resource: Resource): Verdict {
  if (resource.tenant !== principal.tenant)
    return { allowed: false, refusal: 'hidden', reason: `it belongs to another tenant than ${principal.tenant}` };
  if (isOwn(principal, action, resource)) return { allowed: true, by: itself(principal) };
  const needed = ACTIONS[action];
  const held = principal.grants.filter((g) => reaches(g, resource));
  const by = held.find((g) => rank(g.role) >= rank(needed));
  if (by) return { allowed: true, by };
  const anywhere = principal.grants.filter((g) => g.tenant === resource.tenant);
  const has = anywhere.map(showGrant).join(', ') || 'no role';
  const reason = `${action} needs the role ${needed}${resource.path === undefined ? ' in the whole tenant' : ''}; ${principal.actor} has ${has}`;
  // The tenant itself is no secret to its own people; a device is, to those who see nothing of where it is.
  const seen = resource.path === undefined || held.length > 0;
  return { allowed: false, refusal: seen ? 'role' : 'hidden', reason };
}

/** What a machine may do with what is its own, by its certificate and without a role. */
export const OWN_ACTIONS: readonly Action[] = ['device.read', 'command.read', 'device.report'];

const itself = ({ tenant }: Principal): Grant => ({ tenant, role: 'viewer', site: '' });

function isOwn({ holds }: Principal, action: Action, { machines = [] }: Resource): boolean {
  if (holds?.proof !== 'certificate' || holds.replaced === true) return false;
  return OWN_ACTIONS.includes(action) && machines.includes(`${holds.kind}/${holds.id}`);
}

/** Actions that no role gives, and the credential that does. */
export const PROOF: Partial<Record<Action, 'claim' | 'certificate'>> = {
  'identity.enroll': 'claim',
  'identity.renew': 'certificate',
};

/** What concerns nobody but the principal itself: to know who it is, and to be certified as what it has shown to be. */
export function decideSelf(principal: Principal, action: Action): Verdict {
  const proof = PROOF[action];
  if (proof === undefined || principal.holds?.proof === proof) return { allowed: true, by: itself(principal) };
  return { allowed: false, refusal: 'role', reason: `${action} needs a ${proof} as the credential` };
}

/** Where a principal may do something. */
export type Scope = 'everywhere' | readonly string[];

/** Sites of its tenant in which the action is allowed; none at all is an empty list. */
export function scopeOf(principal: Principal, action: Action): Scope {
  const needed = rank(ACTIONS[action]);
  const sites = principal.grants
    .filter((g) => g.tenant === principal.tenant && rank(g.role) >= needed)
    .map((g) => g.site);
  return sites.includes('') ? 'everywhere' : [...new Set(sites)];
}

export const isInScope = (scope: Scope, path: string): boolean =>
  scope === 'everywhere' || scope.some((site) => isWithin(path, site));
