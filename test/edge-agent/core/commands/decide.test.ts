import {
  forgettable,
  isExpired,
  onArrival,
  onCancel,
  onRecovery,
  onTurn,
  REMEMBER_MS,
  report,
} from '../../../../edge-agent/core/commands/decide';
import { eventsOf, type LedgerEvent, LedgerFold, untold } from '../../../../edge-agent/core/commands/ledger';
import { PlatformTime } from '../../../../edge-agent/core/commands/platform-time';
import { command } from './helpers';

const NOW = 1_001_000;
const time = { now: NOW, behind_ms: 0 };
const received: LedgerEvent = { type: 'received', command: command(), at: NOW };
const qos = (level: number): LedgerEvent => ({ type: 'received', command: command({ qos: level }), at: NOW });
const intent = (step: number): LedgerEvent => ({ type: 'intent', id: 'c-1', step, at: NOW });
const reported = (state: Parameters<typeof report>[0], result: object = {}): LedgerEvent => ({
  type: 'reported',
  id: 'c-1',
  report: report(state, NOW, '', result),
});
const ledger = (...events: LedgerEvent[]): LedgerFold => {
  const fold = new LedgerFold();
  for (const event of events) fold.apply(event);
  return fold;
};
const entryOf = (...events: LedgerEvent[]) => {
  const entry = ledger(...events).entries.get('c-1');
  if (!entry) throw new Error('no entry');
  return entry;
};

describe('arrival', () => {
  test('an unknown command is taken', () => expect(onArrival(ledger(), command(), time).kind).toBe('accept'));
  test('a known one is answered, never carried out again', () =>
    expect(onArrival(ledger(received), command({ attempt: 2 }), time).kind).toBe('repeat'));
  test('past its deadline it is not carried out', () =>
    expect(onArrival(ledger(), command(), { now: 1_060_001, behind_ms: 0 })).toMatchObject({ state: 'expired' }));
  test.each([
    [0, 'refuse'],
    [1, 'accept'],
    [2, 'refuse'],
  ])('QoS %i issued before the ledger was damaged: %s', (level, kind) =>
    expect(onArrival(ledger({ type: 'damaged', at: NOW }), command({ qos: level }), time).kind).toBe(kind),
  );
  test('issued after the damage it is taken', () =>
    expect(onArrival(ledger({ type: 'damaged', at: 999_999 }), command(), time).kind).toBe('accept'));
});

describe('clock', () => {
  const learnt = (monotonic: number): PlatformTime => {
    const platform = new PlatformTime();
    platform.learn(command(), monotonic);
    return platform;
  };
  test('a command from our future shows how far we are behind', () => {
    const platform = learnt(0);
    expect(platform.at(900_000, 0).behind_ms).toBe(100_000);
    expect(isExpired(command(), platform.at(950_000, 50_000))).toBe(false);
    expect(isExpired(command(), platform.at(970_000, 70_000))).toBe(true);
  });
  test('what took long on its way shows nothing', () => expect(learnt(0).at(NOW, 0).behind_ms).toBe(0));
  test('put right, a clock that was years behind expires nothing', () => {
    const platform = learnt(10);
    expect(isExpired(command(), platform.at(0, 10))).toBe(false);
    expect(platform.at(1_000_500, 510).behind_ms).toBe(0);
    expect(isExpired(command(), platform.at(1_000_500, 510))).toBe(false);
  });
  test('set back, it does not carry out what has expired', () => {
    const platform = learnt(10);
    expect(isExpired(command(), platform.at(400_000, 60_011))).toBe(true);
  });
});

describe('turn', () => {
  const entry = entryOf(received);
  test('is taken', () => expect(onTurn(entry, time, undefined)).toEqual({ kind: 'execute' }));
  test('a refused device fails it', () =>
    expect(onTurn(entry, time, 'the device is suspended')).toMatchObject({ state: 'failed' }));
  test('platform orders reach refused devices', () =>
    expect(onTurn(entryOf({ ...received, command: command({ name: 'millrace.flush' }) }), time, 'x').kind).toBe(
      'execute',
    ));
  test('the deadline passed while it waited', () =>
    expect(onTurn(entry, { now: 2_000_000, behind_ms: 0 }, undefined)).toMatchObject({ state: 'expired' }));
  test.each([
    ['QoS 1 that may have been begun before a restart is looked for', 1, 2_000_000, 'look'],
    ['QoS 2 without an intent was certainly not begun', 2, 2_000_000, 'settle'],
    ['a clock that went back over a restart begins nothing', 2, NOW - 1, 'settle'],
    ['nor at QoS 1', 1, NOW - 1, 'look'],
    ['in time it is begun', 1, NOW + 1, 'execute'],
  ])('restarted: %s', (_, level, now, kind) =>
    expect(onTurn(entryOf(qos(level)), { now, behind_ms: 0 }, undefined, true).kind).toBe(kind),
  );
});

describe('recovery: what a restarted agent does about what it finds', () => {
  test.each<[string, LedgerEvent[], object]>([
    ['QoS 0 received', [qos(0)], { kind: 'settle', state: 'outcome-unknown' }],
    ['QoS 1 received', [qos(1)], { kind: 'start' }],
    ['QoS 1 possibly written, under a condition', [qos(1), intent(0)], { kind: 'look', step: 0 }],
    ['QoS 2 received', [qos(2)], { kind: 'start' }],
    ['QoS 2 with intent', [qos(2), intent(0)], { kind: 'look', step: 0 }],
    ['QoS 2 with a later intent', [qos(2), intent(0), intent(1)], { kind: 'look', step: 1 }],
    ['executed, to be read back', [qos(2), intent(0), reported('executed')], { kind: 'verify' }],
    ['executed, nothing to read back', [qos(2), reported('executed', { verifiable: false })], { kind: 'nothing' }],
    ['verified', [qos(2), reported('executed'), reported('verified')], { kind: 'nothing' }],
    ['failed', [qos(1), reported('failed')], { kind: 'nothing' }],
    ['expired', [qos(1), reported('expired')], { kind: 'nothing' }],
    ['cancelled', [qos(1), reported('cancelled')], { kind: 'nothing' }],
    ['unknown', [qos(2), intent(0), reported('outcome-unknown')], { kind: 'nothing' }],
  ])('%s', (_, events, expected) => expect(onRecovery(entryOf(...events))).toMatchObject(expected));
});

describe('cancellation', () => {
  test('before the command came it is barred', () => expect(onCancel(ledger(), 'c-1', false).kind).toBe('bar'));
  test('waiting for its turn it is cancelled', () =>
    expect(onCancel(ledger(received), 'c-1', false).kind).toBe('cancel'));
  test('begun it is too late', () => expect(onCancel(ledger(received), 'c-1', true).kind).toBe('too-late'));
  test('with an intent from before a restart it is too late', () =>
    expect(onCancel(ledger(received, intent(0)), 'c-1', false).kind).toBe('too-late'));
  test('a barred command that comes is answered with cancelled only', () => {
    const barred = ledger({ type: 'barred', command: command(), report: report('cancelled', NOW) });
    expect(onArrival(barred, command(), time).kind).toBe('repeat');
    expect(
      untold(entryOf({ type: 'barred', command: command(), report: report('cancelled', NOW) })).map((r) => r.state),
    ).toEqual(['cancelled']);
  });
});

test('what is not told yet, in order', () => {
  const events = [received, reported('executed'), reported('verified')];
  expect(untold(entryOf(...events)).map((r) => r.state)).toEqual(['delivered', 'executed', 'verified']);
  expect(untold(entryOf(...events, { type: 'told', id: 'c-1', state: 'executed' })).map((r) => r.state)).toEqual([
    'delivered',
    'verified',
  ]);
});

test('an entry written anew is the same entry', () => {
  const entry = entryOf(received, intent(1), reported('executed'), { type: 'told', id: 'c-1', state: 'delivered' });
  expect(entryOf(...eventsOf(entry))).toEqual(entry);
});

test('only finished commands are forgotten, long after their deadline', () => {
  const later = command().deadline + REMEMBER_MS + 1;
  expect(forgettable(ledger(received), later)).toEqual([]);
  expect(forgettable(ledger(received, reported('verified')), later - 2)).toEqual([]);
  expect(forgettable(ledger(received, reported('verified')), later)).toEqual(['c-1']);
});
