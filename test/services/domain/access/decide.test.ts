import fc from 'fast-check';
import {
  type Action,
  ACTIONS,
  decide,
  decideSelf,
  type Grant,
  isInScope,
  parseGrant,
  principal,
  type Role,
  ROLES,
  scopeOf,
  showGrant,
} from '../../../../services/domain/access';

const grant = (role: Role, site = '', tenant = 'acme'): Grant => ({ tenant, role, site });
const somebody = (...grants: Grant[]) => principal('user', 'alice', 'acme', grants);
const actions = Object.keys(ACTIONS) as Action[];

/** What each role may, written out: a change of the table shows here. */
const MAY: Readonly<Record<Role, readonly Action[]>> = {
  viewer: ['device.read', 'command.read', 'definition.read', 'image.read', 'campaign.read', 'stream.read', 'self.read'],
  operator: ['device.operate', 'device.report', 'command.send'],
  engineer: [
    ...(['device.register', 'device.commission', 'device.decommission', 'device.update', 'device.configure'] as const),
    ...(['definition.manage', 'schedule.manage', 'image.publish', 'campaign.run'] as const),
    ...(['letter.read', 'letter.replay', 'profile.read', 'profile.manage', 'profile.probe', 'pseudonym.find'] as const),
  ],
  admin: [
    ...(['key.read', 'key.manage', 'token.issue', 'audit.read', 'webhook.read', 'webhook.manage'] as const),
    ...(['identity.read', 'identity.manage', 'identity.enroll', 'identity.renew', 'pseudonym.erase'] as const),
  ],
};

describe.each(ROLES)('%s', (role) => {
  const may = ROLES.slice(0, ROLES.indexOf(role) + 1).flatMap((r) => MAY[r]);

  test.each(actions)('%s', (action) => {
    const verdict = decide(somebody(grant(role)), action, { tenant: 'acme', path: 'acme/north' });
    expect(verdict.allowed).toBe(may.includes(action));
    if (!verdict.allowed) expect(verdict).toMatchObject({ refusal: 'role', reason: expect.stringContaining(role) });
  });
});

describe('what a principal sees nothing of is hidden', () => {
  test.each(actions)('%s in another tenant, whatever the role there', (action) => {
    const both = somebody(grant('admin'), grant('admin', '', 'other'));
    expect(decide(both, action, { tenant: 'other', path: '' })).toMatchObject({ allowed: false, refusal: 'hidden' });
  });

  test('a site that no grant reaches', () => {
    const north = somebody(grant('engineer', 'acme/north'));
    const at = (path: string) => decide(north, 'device.read', { tenant: 'acme', path });
    expect(at('acme/north/hall-1')).toMatchObject({ allowed: true, by: grant('engineer', 'acme/north') });
    for (const path of ['acme/northern', 'acme', '', 'acme/south'])
      expect(at(path)).toMatchObject({ allowed: false, refusal: 'hidden' });
  });

  test('a site that is seen and no more: refused with what is needed', () => {
    const mixed = somebody(grant('viewer'), grant('operator', 'acme/north'));
    const verdict = decide(mixed, 'device.operate', { tenant: 'acme', path: 'acme/south' });
    expect(verdict).toMatchObject({ allowed: false, refusal: 'role' });
    expect(verdict).toMatchObject({ reason: expect.stringMatching(/operator.*viewer, operator@acme\/north/) });
  });
});

test('a grant for a site does not reach the tenant itself', () => {
  const verdict = decide(somebody(grant('admin', 'acme/north')), 'key.manage', { tenant: 'acme', path: undefined });
  expect(verdict).toMatchObject({ allowed: false, refusal: 'role', reason: expect.stringContaining('whole tenant') });
});

test('to be certified takes a claim or a certificate, whatever the role; to know oneself takes nothing', () => {
  const holder = (proof: 'claim' | 'certificate') =>
    principal('machine', 'agent/e', 'acme', [], { proof, kind: 'agent', id: 'e', of: 'x' });
  expect(decideSelf(somebody(grant('admin')), 'identity.enroll').allowed).toBe(false);
  expect(decideSelf(holder('claim'), 'identity.enroll').allowed).toBe(true);
  expect(decideSelf(holder('claim'), 'identity.renew').allowed).toBe(false);
  expect(decideSelf(holder('certificate'), 'identity.renew').allowed).toBe(true);
  expect(decideSelf(somebody(), 'self.read').allowed).toBe(true);
});

const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 }).map((l) => l.join('/'));
const grants = fc.array(
  fc.record({ tenant: fc.constantFrom('acme', 'other'), role: fc.constantFrom(...ROLES), site: path }),
);

test('the scope of an action is exactly where it is allowed', () => {
  fc.assert(
    fc.property(grants, fc.constantFrom(...actions), path, (held, action, where) => {
      const who = somebody(...held);
      const { allowed } = decide(who, action, { tenant: 'acme', path: where });
      expect(isInScope(scopeOf(who, action), where)).toBe(allowed);
    }),
  );
});

test('more grants never allow less, and a higher role never less than a lower one', () => {
  fc.assert(
    fc.property(grants, grants, fc.constantFrom(...actions), path, (some, more, action, where) => {
      const resource = { tenant: 'acme', path: where };
      if (decide(somebody(...some), action, resource).allowed)
        expect(decide(somebody(...some, ...more), action, resource).allowed).toBe(true);
    }),
  );
});

test.each(['viewer', 'operator@acme/north', 'admin@a'])('%s reads and shows as itself', (text) => {
  expect(showGrant(parseGrant(text, 'acme') as Grant)).toBe(text);
});

test.each(['root', '', 'viewer@', 'Viewer', 'viewer @x', 'offline_access', `viewer@${'x'.repeat(600)}`])(
  '%j is no role of ours',
  (text) => expect(parseGrant(text, 'acme')).toBeUndefined(),
);
