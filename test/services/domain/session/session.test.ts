import {
  type AgentView,
  DEFAULT_INTERVAL_MS,
  FLAPPING,
  fromPresence,
  healthOf,
  isNews,
  judge,
  MAX_INTERVAL_MS,
  observe,
  offlineAfter,
  type Session,
  type SessionOrNone,
  staleAfter,
  toPresence,
} from '../../../../services/domain/session';
import { type SessionEvent } from '../../../../schemas/generated';

const T0 = 1_700_000_000_000;
const SECOND = 1_000;

const event = (type: SessionEvent['type'], over: Partial<SessionEvent> = {}): SessionEvent => ({
  tenant: 'default',
  device_id: 'pump-1',
  agent_id: 'agent-1',
  session_id: 's1',
  type,
  at: 0,
  protocol: 'modbus-tcp',
  interval_ms: 10 * SECOND,
  reason: '',
  seq: null,
  ...over,
});

function must(session: SessionOrNone): Session {
  if (!session) throw new Error('no session');
  return session;
}

const online = (at = T0, over: Partial<SessionEvent> = {}): Session => must(observe(null, event('connect', over), at));
const agent = (over: Partial<AgentView> = {}): AgentView => ({
  status: 'online',
  since: T0,
  interval_ms: 10 * SECOND,
  heard_at: T0,
  ...over,
});

describe('events', () => {
  test('the first connect is news, a heartbeat is not', () => {
    const first = online();
    expect(first).toMatchObject({ status: 'online', since: T0, reason: '', interval_ms: 10_000, declared: true });
    expect(isNews(null, first)).toBe(true);
    const later = must(observe(first, event('heartbeat'), T0 + 10_000));
    expect(later).toMatchObject({ status: 'online', since: T0, last_seen: T0 + 10_000 });
    expect(isNews(first, later)).toBe(false);
  });

  test('a heartbeat of somebody unknown is a connection too', () => {
    expect(observe(null, event('heartbeat'), T0)).toMatchObject({ status: 'online' });
  });

  test('disconnect: offline with the reason given', () => {
    const off = must(observe(online(), event('disconnect', { reason: 'EHOSTUNREACH' }), T0 + 1));
    expect(off).toMatchObject({ status: 'offline', reason: 'EHOSTUNREACH', since: T0 + 1, last_seen: T0 });
    expect(observe(null, event('disconnect'), T0)).toMatchObject({ status: 'offline', reason: 'disconnected' });
  });

  test('the end of a connection that was replaced changes nothing', () => {
    const second = must(observe(online(), event('connect', { session_id: 's2' }), T0 + 5));
    expect(observe(second, event('disconnect'), T0 + 6)).toBe(second);
    const moved = must(observe(online(), event('connect', { session_id: 'b1', agent_id: 'agent-2' }), T0 + 5));
    expect(isNews(online(), moved)).toBe(true);
    expect(observe(moved, event('disconnect'), T0 + 6)).toBe(moved);
  });

  test('an event of a type from the future changes nothing', () => {
    const session = online();
    expect(observe(session, event('unknown'), T0 + 1)).toBe(session);
    expect(observe(null, event('unknown'), T0)).toBeNull();
  });

  test.each([
    [0, 1_000],
    [-5, 1_000],
    [2_000_000_000, MAX_INTERVAL_MS],
  ])('an interval of %s ms is kept within reason', (interval_ms, kept) => {
    expect(online(T0, { interval_ms }).interval_ms).toBe(kept);
  });

  test('without a declared interval it is learned from the heartbeats of one connection', () => {
    let s = online(T0, { interval_ms: null });
    expect(s.interval_ms).toBe(DEFAULT_INTERVAL_MS);
    for (let i = 1; i <= 60; i++) s = must(observe(s, event('heartbeat', { interval_ms: null }), T0 + i * 5_000));
    expect(s.interval_ms).toBeGreaterThan(4_900);
    expect(s.interval_ms).toBeLessThan(5_500);
    const resumed = must(observe(s, event('connect', { interval_ms: null, session_id: 's2' }), T0 + 9_999_999));
    expect(resumed.interval_ms).toBe(s.interval_ms);
  });
});

describe('silence', () => {
  const at = (ms: number, view?: AgentView): Session => judge(online(), T0 + ms, view);

  test('online, stale, offline: by the interval', () => {
    expect(at(staleAfter(10_000))).toMatchObject({ status: 'online' });
    expect(at(staleAfter(10_000) + 1)).toMatchObject({ status: 'stale', since: T0 + 25_001 });
    expect(at(offlineAfter(10_000) + 1)).toMatchObject({
      status: 'offline',
      reason: 'no sign of life for 50 s, expected every 10 s',
    });
  });

  test('judging again changes nothing, not even the object', () => {
    const stale = at(30_000);
    expect(judge(stale, T0 + 31_000, undefined)).toBe(stale);
    const fine = online();
    expect(judge(fine, T0 + 1, undefined)).toBe(fine);
  });

  test('a heartbeat brings it back', () => {
    expect(observe(at(30_000), event('heartbeat'), T0 + 31_000)).toMatchObject({ status: 'online', reason: '' });
  });

  test('what disconnected stays offline, whatever its agent does', () => {
    const off = must(observe(online(), event('disconnect'), T0));
    expect(judge(off, T0 + 1e9, agent({ status: 'offline', since: T0 + 5 }))).toBe(off);
  });
});

describe('an agent lost', () => {
  test('its devices are unknown, not offline', () => {
    const view = agent({ status: 'stale', since: T0 + 20_000 });
    const unknown = judge(online(), T0 + 20_001, view);
    expect(unknown).toMatchObject({ status: 'unknown', reason: 'agent agent-1 is stale' });
    expect(judge(unknown, T0 + 1e8, { ...view, status: 'offline' })).toBe(unknown);
  });

  test('a quick device behind a slow agent is not called offline before the agent is missed', () => {
    const quick = online(T0, { interval_ms: 1_000 });
    const slow = agent({ interval_ms: 30_000, heard_at: T0 });
    expect(judge(quick, T0 + 60_000, slow)).toMatchObject({ status: 'stale' });
    expect(judge(quick, T0 + 78_000, slow)).toMatchObject({ status: 'offline' });
    expect(judge(quick, T0 + 76_000, { ...slow, status: 'stale', since: T0 + 75_001 })).toMatchObject({
      status: 'unknown',
    });
  });

  test('an agent heard after the device fell silent is witness enough', () => {
    const quick = online(T0, { interval_ms: 1_000 });
    expect(judge(quick, T0 + 6_000, agent({ interval_ms: 30_000, heard_at: T0 + 5_000 }))).toMatchObject({
      status: 'offline',
    });
  });

  test('a device heard after its agent was missed stays online', () => {
    const session = online(T0 + 30_000);
    expect(judge(session, T0 + 31_000, agent({ status: 'stale', since: T0 + 20_000 }))).toBe(session);
  });

  test('when the agent is back its devices have the usual time to be heard', () => {
    const unknown = judge(online(), T0 + 30_000, agent({ status: 'offline', since: T0 + 29_000 }));
    const back = agent({ since: T0 + 100_000, heard_at: T0 + 100_000 });
    expect(judge(unknown, T0 + 110_000, back)).toBe(unknown);
    expect(judge(unknown, T0 + 151_000, back)).toMatchObject({ status: 'offline' });
    expect(observe(unknown, event('heartbeat'), T0 + 105_000)).toMatchObject({ status: 'online', reason: '' });
  });

  test('the agent itself goes stale and offline like anyone', () => {
    const self = online(T0, { device_id: 'agent-1' });
    const mirror = agent({ status: 'stale', since: T0 + 1 });
    expect(judge(self, T0 + 30_000, mirror)).toMatchObject({ status: 'stale' });
    expect(judge(self, T0 + 51_000, mirror)).toMatchObject({ status: 'offline' });
  });
});

describe('flapping', () => {
  function flap(times: number, every_ms: number): { session: Session; now: number; news: number } {
    let session = online(T0, { session_id: 's0' });
    let now = T0;
    let news = 0;
    const next = (s: SessionOrNone): void => {
      if (isNews(session, must(s))) news++;
      session = must(s);
    };
    for (let i = 0; i < times; i++) {
      next(observe(session, event('disconnect', { session_id: `s${i}`, reason: 'reset' }), (now += every_ms)));
      next(observe(session, event('connect', { session_id: `s${i + 1}` }), (now += every_ms)));
    }
    return { session, now, news };
  }

  test('a few losses are told as they come', () => {
    expect(flap(3, 1_000).session).toMatchObject({ status: 'online', flapping: { damped: false } });
  });

  test('many in a row are told as stale, once', () => {
    const { session, news } = flap(50, 1_000);
    expect(session).toMatchObject({ status: 'stale', observed: 'online' });
    expect(session.reason).toMatch(/flapping/);
    expect(news).toBeLessThan(15);
  });

  test('quiet for a while, it is told as it is again', () => {
    const { session, now } = flap(50, 1_000);
    let s = session;
    for (let t = now; t < now + 600_000; t += 10_000) s = judge(must(observe(s, event('heartbeat'), t)), t, undefined);
    expect(s).toMatchObject({ status: 'online', reason: '', flapping: { damped: false } });
  });

  test('gone for good while damped, it ends as offline with its own reason', () => {
    const { session, now } = flap(50, 1_000);
    const off = must(
      observe(session, event('disconnect', { session_id: session.session_id, reason: 'gone' }), now + 1),
    );
    expect(off).toMatchObject({ status: 'stale' });
    expect(judge(off, now + 600_000, undefined)).toMatchObject({ status: 'offline', reason: 'gone' });
  });
});

test('after a restart silence counts from then, so nobody is offline because presence was away', () => {
  const record = toPresence(online());
  const restarted = T0 + 3_600_000;
  const session = fromPresence(record, restarted);
  expect(toPresence(session)).toEqual(record);
  expect(judge(session, restarted + 20_000, undefined)).toBe(session);
  expect(judge(session, restarted + 51_000, undefined)).toMatchObject({ status: 'offline' });
  expect(fromPresence({ ...record, status: 'melted' }, T0).status).toBe('unknown');
  // Whatever ended in the meantime ends, though the id of the connection is not remembered.
  expect(observe(session, event('disconnect', { session_id: 'any' }), restarted + 1)).toMatchObject({
    status: 'offline',
  });
});

describe('health', () => {
  const active = { state: 'active', reason: null, desired_version: 0, reported_version: 0 };

  test.each([
    ['online', '', 100, []],
    ['stale', 'no sign of life for 3 s', 60, ['late']],
    ['stale', FLAPPING, 60, ['flapping']],
    ['unknown', 'agent agent-1 is offline', 40, ['agent-lost']],
    ['offline', 'disconnected', 0, ['offline']],
  ])('of a device that is %s (%s) is %d', (status, reason, score, codes) => {
    const health = healthOf(active, { status, reason });
    expect(health).toMatchObject({ score, reasons: codes.map((code) => ({ code, detail: reason })) });
  });

  test('everything counts, the gravest is told first, and no score is below nothing', () => {
    const shut = { state: 'quarantined', reason: 'strange', desired_version: 3, reported_version: 2 };
    expect(healthOf(shut, undefined)).toEqual({
      score: 0,
      reasons: [
        { code: 'never-heard', costs: 60, detail: 'it has not been heard of since it was registered' },
        { code: 'quarantined', costs: 50, detail: 'strange' },
        { code: 'configuration-not-taken', costs: 20, detail: 'version 3 is desired, 2 reported' },
      ],
    });
  });

  test.each(['registered', 'provisioned', 'suspended', 'decommissioning', 'decommissioned'])(
    'nothing is expected of a device that is %s',
    (state) => expect(healthOf({ ...active, state }, undefined)).toBeUndefined(),
  );
});
