import { principalOfClaims, withoutSecrets } from '../../../../services/domain/access';

const NAMES = { roles: 'roles', tenant: 'tenant' };

test('roles and tenant, as claims of their own or inside others', () => {
  const claims = { sub: 'alice', tenant: 'acme', roles: ['operator', 'viewer@acme/north', 'offline_access'] };
  const grants = [
    { tenant: 'acme', role: 'operator', site: '' },
    { tenant: 'acme', role: 'viewer', site: 'acme/north' },
  ];
  expect(principalOfClaims(claims, NAMES)).toMatchObject({ actor: 'user:alice', tenant: 'acme', grants });
  const nested = { sub: 'alice', org: { id: 'acme' }, realm_access: { roles: claims.roles } };
  const names = { roles: 'realm_access.roles', tenant: 'org.id' };
  expect(principalOfClaims(nested, names)).toMatchObject({ tenant: 'acme', grants });
});

test('a claim named by an address is found by its whole name; one text lists roles by blanks', () => {
  const claims = { sub: 'a', 'https://example.org/roles': 'viewer operator' };
  const names = { roles: 'https://example.org/roles', tenant: 'tenant', fixedTenant: 'acme' };
  expect(principalOfClaims(claims, names)).toMatchObject({
    tenant: 'acme',
    grants: [{ role: 'viewer' }, { role: 'operator' }],
  });
});

test('a provider that serves one tenant cannot be talked into another by a claim', () => {
  const found = principalOfClaims({ sub: 'a', tenant: 'other' }, { ...NAMES, fixedTenant: 'acme' });
  expect(found).toMatchObject({ tenant: 'acme' });
});

test.each([
  [{ tenant: 'acme' }, /sub/],
  [{ sub: '', tenant: 'acme' }, /sub/],
  [{ sub: 'a' }, /tenant/],
  [{ sub: 'a', tenant: 'a/b' }, /tenant/],
  [{ sub: 'a', tenant: ['acme'] }, /tenant/],
])('%j makes nobody', (claims, why) => expect(principalOfClaims(claims, NAMES)).toMatch(why));

test.each([{}, { roles: 7 }, { roles: [7, null] }, { roles: { admin: true } }])('%j grants nothing', (claims) => {
  expect(principalOfClaims({ sub: 'a', tenant: 'acme', ...claims }, NAMES)).toMatchObject({ grants: [] });
});

test('names of prototypes are no claims', () => {
  expect(
    principalOfClaims({ sub: 'a', tenant: 'acme' }, { roles: 'constructor.name', tenant: 'tenant' }),
  ).toMatchObject({
    grants: [],
  });
});

test('secrets pasted into an address do not reach the log', () => {
  const key = `mk_0123456789abcdef_${'s'.repeat(43)}`;
  expect(withoutSecrets(`/api/v1/devices/${key}/x/eyJhbGciOi.eyJzdWIi.c2ln`)).toBe('/api/v1/devices/***/x/***');
});
