import { type ApiKey } from '../../../../schemas/generated';
import {
  checkKey,
  createKey,
  mergeKey,
  parseKey,
  principal,
  revokeKey,
  showKey,
  statusOf,
} from '../../../../services/domain/access';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;
const parts = { keyId: '0123456789abcdef', secret: 's'.repeat(43) };
const admin = principal('user', 'alice', 'acme', [{ tenant: 'acme', role: 'admin', site: '' }]);
const key = createKey(admin, { name: 'mes', roles: ['operator@acme/north'], days: 30 }, parts, NOW) as ApiKey;

test('the record holds no secret, and the key is its id and secret', () => {
  expect(JSON.stringify(key)).not.toContain(parts.secret);
  expect(parseKey(showKey(parts))).toEqual(parts);
});

test('a key is the machine it was made for, with the roles it was given, in the tenant of who made it', () => {
  expect(checkKey(key, parts, NOW)).toEqual({
    valid: true,
    principal: principal('machine', 'mes', 'acme', [{ tenant: 'acme', role: 'operator', site: 'acme/north' }]),
  });
});

test.each([
  ['a wrong secret', key, { ...parts, secret: 't'.repeat(43) }, NOW, /no such/],
  ['an unknown id', undefined, parts, NOW, /no such/],
  ['a key whose time has come', key, parts, NOW + 30 * DAY, /expired/],
  ['a revoked key', revokeKey(key, 'user:bob', NOW + 1), parts, NOW + 2, /revoked/],
])('%s is refused', (_, known, given, now, why) => {
  expect(checkKey(known, given, now)).toMatchObject({ valid: false, why: expect.stringMatching(why) });
});

test('the last moment of a key is good', () => {
  expect(statusOf(key, NOW + 30 * DAY - 1)).toBe('active');
});

test('a revocation stays, whatever record is heard after it', () => {
  const revoked = revokeKey(key, 'user:bob', NOW + 1);
  expect(mergeKey(mergeKey(undefined, revoked), key)).toEqual(revoked);
  expect(mergeKey(key, revoked)).toEqual(revoked);
  expect(revokeKey(revoked, 'user:carol', NOW + 9)).toBe(revoked);
});

test.each([[[]], [['root']], [['viewer', 'nobody']]])('roles %j make no key', (roles) => {
  expect(createKey(admin, { name: 'x', roles, days: 1 }, parts, NOW)).toBeUndefined();
});

test.each([
  '',
  'mk_',
  'mk_0123456789abcdef',
  `mk_0123456789ABCDEF_${'s'.repeat(43)}`,
  `mk_0123456789abcdef_${'s'.repeat(20)}`,
])('%j has not the form of a key', (text) => expect(parseKey(text)).toBeUndefined());
