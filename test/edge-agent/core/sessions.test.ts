import { SessionTracker } from '../../../edge-agent/core/sessions';

const owner = { tenant: 't', agent_id: 'a', device_id: 'd', protocol: 'modbus-tcp', interval_ms: 10_000 };
const tracker = (): SessionTracker => new SessionTracker(owner, 'boot');

test('a connection from connect to disconnect', () => {
  const t = tracker();
  expect(t.connect(1)).toEqual([{ ...owner, session_id: 'd-boot-1', type: 'connect', at: 1, reason: '' }]);
  expect(t.disconnect(9, 'gone')).toEqual([
    { ...owner, session_id: 'd-boot-1', type: 'disconnect', at: 9, reason: 'gone' },
  ]);
});

test('the next connection is another session', () => {
  const t = tracker();
  t.connect(1);
  t.disconnect(2, '');
  expect(t.connect(3)[0]?.session_id).toBe('d-boot-2');
});

test('what is connected does not connect again, what is not does not disconnect', () => {
  const t = tracker();
  expect(t.disconnect(1, '')).toEqual([]);
  t.connect(2);
  expect(t.connect(3)).toEqual([]);
});

test('heartbeats need a sign of life, and come twice an interval at most', () => {
  const t = tracker();
  expect(t.tick(0)).toEqual([]);
  t.connect(0);
  expect(t.tick(60_000)).toEqual([]);
  t.alive(60_001);
  expect(t.tick(60_002).map((e) => e.type)).toEqual(['heartbeat']);
  t.alive(62_000);
  expect(t.tick(62_000)).toEqual([]);
  expect(t.tick(65_002).map((e) => e.at)).toEqual([65_002]);
});

test('a clock set back does not silence it', () => {
  const t = tracker();
  t.connect(100_000);
  t.alive(200_000);
  t.tick(200_000);
  t.alive(200_001);
  expect(t.tick(50_000)).toHaveLength(1);
});
