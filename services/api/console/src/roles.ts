/** What the viewer may do, to show what is of use; the api decides. Pure. */

const ROLES = ['viewer', 'operator', 'engineer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** `roles` as GET /self lists them: operator, or operator@acme/north. */
export function mayAt(roles: readonly string[], needed: Role, path?: string): boolean {
  return roles.some((grant) => {
    const [role = '', site = ''] = grant.split('@');
    const enough = ROLES.indexOf(role as Role) >= ROLES.indexOf(needed);
    if (!enough || site === '') return enough;
    return path !== undefined && (path === site || path.startsWith(`${site}/`));
  });
}
