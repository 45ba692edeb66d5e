import {
  allowedMoves,
  decide,
  evolve,
  FROM_STATES,
  isAlreadySo,
  MOVES,
  moveOf,
  REQUEST_TYPES,
} from '../../../../services/domain/device';
import { context, device, given, NOW, request } from './given';

describe.each(FROM_STATES)('a device that is %s', (from) => {
  const accepted = REQUEST_TYPES.filter((type) => moveOf(type).from.includes(from));
  // Provisioning again with another credential is a different wish, see below.
  const unchanged = REQUEST_TYPES.filter((type) => isAlreadySo(from, type) && type !== 'provision');
  const refused = REQUEST_TYPES.filter((type) => !accepted.includes(type) && !unchanged.includes(type));

  if (accepted.length > 0)
    test.each(accepted)('%s: accepted, one version further', (type) => {
      const state = given(from);
      const decision = decide(state, request(type), context);
      if (decision.kind !== 'accepted') throw new Error(`${decision.kind}, not accepted`);
      const after = evolve(state, decision.event);
      const { to, event } = moveOf(type);
      expect(decision.event).toMatchObject({ type: event, state_from: state?.state ?? null, actor: 'alice', at: NOW });
      expect(after.version).toBe((state?.version ?? 0) + 1);
      expect(after.state).toBe(to === 'same' ? state?.state : to === 'earlier' ? state?.earlier_state : to);
      expect(after.recent_requests.at(-1)).toBe('request-1');
    });

  if (unchanged.length > 0)
    test.each(unchanged)('%s: unchanged', (type) => {
      expect(decide(given(from), request(type), context)).toEqual({ kind: 'unchanged' });
    });

  if (refused.length > 0)
    test.each(refused)('%s: refused, naming the state and the moves allowed', (type) => {
      const decision = decide(given(from), request(type), context);
      if (decision.kind !== 'rejected') throw new Error(`${decision.kind}, not rejected`);
      const code = from === 'none' ? 'unknown-device' : type === 'register' ? 'already-registered' : 'illegal-move';
      expect(decision.code).toBe(code);
      expect(decision.detail).toContain(from === 'none' ? 'there is no device' : from);
      for (const move of allowedMoves(from)) expect(decision.detail).toContain(move);
    });
});

test('every request has exactly one move and every move its own event', () => {
  expect(MOVES.map((m) => m.request).sort()).toEqual([...REQUEST_TYPES].sort());
  expect(new Set(MOVES.map((m) => m.event)).size).toBe(MOVES.length);
});

test('nothing leaves decommissioned', () => {
  expect(allowedMoves('decommissioned')).toEqual([]);
  const decision = decide(device('decommissioned'), request('resume'), context);
  expect(decision).toMatchObject({ detail: 'cannot resume a device that is decommissioned; allowed: nothing' });
});

describe('expected version', () => {
  test('the right one passes', () => {
    expect(decide(device('active'), request('suspend', {}, { expected_version: 3 }), context).kind).toBe('accepted');
    expect(decide(null, request('register', undefined, { expected_version: 0 }), context).kind).toBe('accepted');
  });

  test.each([2, 4, 0])('%s is a conflict that names the version', (expected_version) => {
    const decision = decide(device('active'), request('suspend', {}, { expected_version }), context);
    expect(decision).toMatchObject({ kind: 'rejected', code: 'version-conflict' });
    expect(decision).toMatchObject({ detail: `default/pump-1 is at version 3, not ${expected_version}` });
  });

  test('a conflict comes before "already so": the asker saw something else', () => {
    const decision = decide(device('active'), request('activate', {}, { expected_version: 2 }), context);
    expect(decision).toMatchObject({ code: 'version-conflict' });
  });
});

test('a request seen before is unchanged, whatever has happened since', () => {
  const state = device('decommissioned', { recent_requests: ['x', 'request-1', 'y'] });
  const again = request('suspend', {}, { expected_version: 1 });
  expect(decide(state, again, context)).toEqual({ kind: 'unchanged' });
});

describe('provision', () => {
  test('the same credential again, or none named: unchanged', () => {
    expect(decide(device('provisioned'), request('provision', { credential: 'cert-1' }), context).kind).toBe(
      'unchanged',
    );
    expect(decide(device('provisioned'), request('provision', {}), context).kind).toBe('unchanged');
  });
  test('another credential: refused', () => {
    const decision = decide(device('provisioned'), request('provision', { credential: 'other' }), context);
    expect(decision).toMatchObject({ kind: 'rejected', code: 'illegal-move' });
  });
});

describe('activate', () => {
  const bare = { credential: null, agent_id: null };
  test('refused with neither credential nor agent, saying what to do', () => {
    const decision = decide(device('provisioned', bare), request('activate'), context);
    expect(decision).toMatchObject({ kind: 'rejected', code: 'no-credential' });
    expect(decision).toMatchObject({ detail: expect.stringContaining('agent_id') as string });
  });
  test.each([{ credential: 'c' }, { agent_id: 'a' }])('accepted with %j', (has) => {
    expect(decide(device('provisioned', { ...bare, ...has }), request('activate'), context).kind).toBe('accepted');
  });
});

describe('update', () => {
  const accept = (data: object): object => {
    const decision = decide(device('active'), request('update', data), context);
    if (decision.kind !== 'accepted') throw new Error(decision.kind);
    return decision.event.data;
  };
  test('the event holds only what changes', () => {
    expect(accept({ name: 'New', model: 'P100', labels: { vendor: 'acme' } })).toEqual({ name: 'New' });
    expect(accept({ labels: { vendor: 'other' } })).toEqual({ labels: { vendor: 'other' } });
    expect(accept({ labels: {} })).toEqual({ labels: {} });
    expect(accept({ agent_id: null })).toEqual({ agent_id: null });
  });
  test.each([{}, { name: 'Pump 1' }, { labels: { vendor: 'acme' } }])('nothing new in %j: unchanged', (data) => {
    expect(decide(device('active'), request('update', data), context)).toEqual({ kind: 'unchanged' });
  });
  test('keeps the reason of the last move', () => {
    const state = device('suspended', { reason: 'leaking' });
    const decision = decide(state, request('update', { name: 'New' }, { reason: 'typo' }), context);
    if (decision.kind !== 'accepted') throw new Error(decision.kind);
    expect(evolve(state, decision.event).reason).toBe('leaking');
  });
});

test('a clock set back does not put an event before the one it follows', () => {
  const decision = decide(device('active', { changed_at: NOW + 60_000 }), request('suspend'), context);
  expect(decision).toMatchObject({ event: { at: NOW + 60_000 } });
});
