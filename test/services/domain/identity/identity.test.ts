import fc from 'fast-check';
import { type IdentityEvent } from '../../../../schemas/generated';
import {
  allowAgent,
  brokerPrincipal,
  claimHash,
  decideEnrolment,
  decideRotation,
  denyAgent,
  evolve,
  GRACE_MS,
  type Identity,
  parseClaim,
  refuseClaim,
  showClaim,
  standingOf,
} from '../../../../services/domain/identity';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const SECRET = 's'.repeat(43);
const name = { tenant: 'acme', kind: 'agent', id: 'edge-1' } as const;

const event = (type: string, over: Partial<IdentityEvent> = {}): IdentityEvent => ({
  ...{ event_id: 'e', ...name, type, at: NOW, actor: 'user:a', claim_id: '', claim_hash: '', serial: '' },
  ...{ previous: '', public_key: '', expires_at: null, reason: '', ...over },
});
const claim = (id = 'c1', over = {}) =>
  event('claim-made', { claim_id: id, claim_hash: claimHash(SECRET), expires_at: NOW + HOUR, ...over });
const enroll = (serial: string, claim_id = 'c1', over = {}) =>
  event('enrolled', { serial, claim_id, public_key: `key-${serial}`, expires_at: NOW + 24 * HOUR, ...over });
const rotate = (previous: string, serial: string, over = {}) =>
  event('rotated', { previous, serial, public_key: `key-${serial}`, expires_at: NOW + 48 * HOUR, ...over });
const revoke = () => event('revoked', { at: NOW + 1 });

const life = (...events: IdentityEvent[]): Identity =>
  events.reduce<Identity | undefined>((state, e) => evolve(state, e), undefined) as Identity;

describe('a claim is good for one enrolment', () => {
  test('of two that use it, the first in the log is certified', () => {
    const state = life(claim(), enroll('01'), enroll('02'));
    expect(state.current?.serial).toBe('01');
    expect(standingOf(state, '02', NOW)).toBe('unknown');
  });

  test('not after its time, not by another claim’s id, and not after it was replaced', () => {
    expect(life(claim(), enroll('01', 'c1', { at: NOW + HOUR })).current).toBeNull();
    expect(life(claim(), enroll('01', 'c2')).current).toBeNull();
    expect(life(claim('c1'), claim('c2'), enroll('01', 'c1')).current).toBeNull();
  });

  test('asked for again with the same key the answer is the same; with another key it is refused', () => {
    const state = life(claim(), enroll('01'));
    expect(decideEnrolment(state, 'c1', 'key-01')).toMatchObject({ kind: 'again', certified: { serial: '01' } });
    expect(decideEnrolment(state, 'c1', 'key-02')).toMatchObject({ kind: 'refused' });
  });

  test('a new enrolment ends what was certified before, and a revocation', () => {
    const state = life(
      claim(),
      enroll('01'),
      revoke(),
      claim('c2', { at: NOW + 2 }),
      enroll('02', 'c2', { at: NOW + 3 }),
    );
    expect([standingOf(state, '01', NOW + 4), standingOf(state, '02', NOW + 4)]).toEqual(['unknown', 'good']);
  });
});

describe('rotation', () => {
  test('the replaced certificate is good for a while, and then is not', () => {
    const state = life(claim(), enroll('01'), rotate('01', '02'));
    expect(standingOf(state, '02', NOW)).toBe('good');
    expect(standingOf(state, '01', NOW + GRACE_MS - 1)).toBe('good');
    expect(standingOf(state, '01', NOW + GRACE_MS)).toBe('replaced');
  });

  test('a copy that comes second is refused; who lost the answer gets it again', () => {
    const state = life(claim(), enroll('01'), rotate('01', '02'), rotate('01', '03'));
    expect(state.current?.serial).toBe('02');
    expect(decideRotation(state, '01', 'key-03')).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/copy/),
    });
    expect(decideRotation(state, '01', 'key-02')).toMatchObject({ kind: 'again' });
    expect(decideRotation(state, '02', 'key-02')).toMatchObject({ kind: 'refused' });
    expect(decideRotation(state, '02', 'key-04')).toEqual({ kind: 'new' });
  });

  test('nothing is renewed after a revocation', () => {
    const state = life(claim(), enroll('01'), revoke(), rotate('01', '02'));
    expect(state.current?.serial).toBe('01');
    expect(standingOf(state, '01', NOW + 2)).toBe('revoked');
    expect(decideRotation(state, '01', 'key-02')).toMatchObject({ kind: 'refused' });
  });
});

test('a certificate expires, its last moment is good', () => {
  const state = life(claim(), enroll('01'));
  expect([standingOf(state, '01', NOW + 24 * HOUR - 1), standingOf(state, '01', NOW + 24 * HOUR)]).toEqual([
    'good',
    'expired',
  ]);
});

test('another tenant cannot take an agent’s id, nor revoke it', () => {
  const others = [claim('c9', { tenant: 'other' }), event('revoked', { tenant: 'other' })];
  expect(life(claim(), enroll('01'), ...others)).toEqual(life(claim(), enroll('01')));
});

test('whatever is in the log, at most one certificate was made of a claim, and none that is good is older than a revocation', () => {
  const any = fc.constantFrom(
    ...[
      claim('c1'),
      claim('c2'),
      enroll('01'),
      enroll('02'),
      enroll('03', 'c2'),
      rotate('01', '04'),
      rotate('04', '05'),
      revoke(),
    ],
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (events) => {
      const state = events.reduce<Identity | undefined>((s, e) => evolve(s, e), undefined);
      const good = ['01', '02', '03', '04', '05'].filter((s) => standingOf(state, s, NOW + 2) === 'good');
      expect(good.length).toBeLessThanOrEqual(2);
      if ((state?.revoked_at ?? null) !== null) expect(good).toEqual([]);
      if (good.length === 2) expect(good.sort()).toEqual([state?.previous?.serial, state?.current?.serial].sort());
    }),
  );
});

describe('claim codes', () => {
  const code = { id: '0123456789abcdef', secret: SECRET };
  const state = life(claim(code.id));

  test('read as they show', () => expect(parseClaim(showClaim(code))).toEqual(code));

  test.each([
    ['good', state, code, NOW, undefined],
    ['wrong', state, { ...code, secret: 't'.repeat(43) }, NOW, /no such/],
    ['unknown', undefined, code, NOW, /no such/],
    ['late', state, code, NOW + HOUR, /expired/],
    ['of a revoked identity', life(claim(code.id), enroll('01', code.id), revoke()), code, NOW + 2, /revoked/],
    ['open when the identity was revoked', life(claim(code.id), revoke()), code, NOW + 2, /no such/],
  ])('%s', (_, known, given, now, why) => {
    const said = refuseClaim(known, given, now);
    if (why) expect(said).toMatch(why);
    else expect(said).toBeUndefined();
  });
});

describe('rights of an agent at the broker', () => {
  const acls = allowAgent(name);

  test('are its own topics, groups and transactional id by their whole names, and writing where all write', () => {
    const of = (resource: string, operation: string) =>
      acls.filter((a) => a.resource === resource && a.operation === operation).map((a) => a.name);
    expect(of('topic', 'read')).toEqual([
      'm2m.agents.edge-1.commands',
      'm2m.agents.edge-1.devices',
      'm2m.agents.edge-1.profile',
      'm2m.agents.edge-1.probes',
    ]);
    expect(of('topic', 'write').every((t) => !t.startsWith('m2m.agents.'))).toBe(true);
    expect(of('topic', 'write')).toContain('m2m.telemetry');
    for (const never of [
      'm2m.devices',
      'm2m.device-requests',
      'm2m.lifecycle',
      'm2m.identities',
      'm2m.audit',
      'm2m.api-keys',
    ])
      expect(acls.map((a) => a.name)).not.toContain(never);
    expect(of('transactional-id', 'write')).toEqual(['edge-1']);
    expect(of('group', 'read')).toEqual([
      ...['outbox-edge-1', 'inbox-edge-1', 'inbox-edge-1-devices', 'inbox-edge-1-probes'],
    ]);
    expect(acls.some((a) => a.name.includes('*') || a.operation === 'all')).toBe(false);
  });

  test('no two agents share a right but those that all have', () => {
    const own = (id: string) =>
      allowAgent({ ...name, id }).filter((a) => a.operation !== 'write' || a.resource !== 'topic');
    const names = (id: string) =>
      own(id)
        .filter((a) => !(a.resource === 'topic' && !a.name.includes('agents.')))
        .map((a) => a.name);
    expect(names('edge-1').filter((n) => names('edge-10').includes(n))).toEqual([]);
  });

  test('a denial is of everything there is', () => {
    expect(denyAgent(name)).toHaveLength(3);
    expect(
      denyAgent(name).every((a) => a.name === '*' && a.permission === 'deny' && a.principal === brokerPrincipal(name)),
    ).toBe(true);
  });
});
