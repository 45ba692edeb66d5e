import { type DeviceEvent as EventRecord } from '../../../schemas/generated';
import {
  decide,
  type Device,
  type DeviceEvent,
  eventToRecord,
  evolve,
  type RequestType,
} from '../../../services/domain/device';
import { Ledger, MAX_TOLD } from '../../../services/registry/verify/ledger';
import { differenceOfSums, NO_EVENTS, withEvent } from '../../../services/registry/verify/life-sum';
import { context, DESCRIPTION, record, request } from '../domain/device/given';
import { type Answer, type Asked, type Findings, judgeAnswers } from './judge-answers';

const KEY = 'default/pump-1';

function life(): { events: DeviceEvent[]; device: Device } {
  const events: DeviceEvent[] = [];
  let device: Device | null = null;
  for (const type of ['register', 'provision', 'begin-decommission', 'abandon-decommission'] as const) {
    const decision = decide(device, request(type, undefined, { request_id: type }), context);
    if (decision.kind !== 'accepted') throw new Error(decision.kind);
    events.push(decision.event);
    device = evolve(device, decision.event);
  }
  if (!device) throw new Error('no device');
  return { events, device };
}

function judged(states: Map<string, Device>, events: readonly DeviceEvent[]): Ledger {
  const ledger = new Ledger(states);
  for (const event of events) ledger.take(KEY, event);
  ledger.finish();
  return ledger;
}

test('a log and the states it makes agree', () => {
  const { events, device } = life();
  expect(judged(new Map([[KEY, device]]), events)).toMatchObject({ differing: 0, events: 4, devices: 1 });
});

test('a log that went on since the states were read agrees too', () => {
  const { events } = life();
  const earlier = events.slice(0, 2).reduce<Device | null>(evolve, null);
  expect(judged(new Map([[KEY, earlier as Device]]), events).differing).toBe(0);
});

test.each<[string, (l: ReturnType<typeof life>) => [Map<string, Device>, DeviceEvent[]], string]>([
  ['another value', ({ events, device }) => [new Map([[KEY, { ...device, name: 'x' }]]), events], 'different'],
  ['a lost event', ({ events, device }) => [new Map([[KEY, device]]), events.slice(0, 3)], 'not-in-log'],
  ['a lost state', ({ events }) => [new Map(), events], 'no-state'],
  [
    'a doubled event',
    ({ events, device }) => [new Map([[KEY, device]]), [...events, ...events.slice(3)]],
    'illegal-event',
  ],
  [
    'a move the table forbids',
    ({ events: [first] }) => [
      new Map(),
      [
        first,
        { ...first, type: 'resumed', version: 2, state_from: 'registered', state_to: 'active', data: {} },
      ] as DeviceEvent[],
    ],
    'illegal-event',
  ],
])('%s is found', (_, change, kind) => {
  expect(judged(...change(life())).told.map((d) => d.kind)).toContain(kind);
});

describe('sums of lives', () => {
  const records = life().events.map(eventToRecord);
  const sumOf = (events: readonly EventRecord[]) => events.reduce(withEvent, NO_EVENTS);
  const [first, second, third, fourth] = records as [EventRecord, EventRecord, EventRecord, EventRecord];

  test.each<[string, readonly EventRecord[], RegExp]>([
    ['a lost event', [first, second, third], /3 events in SQL, 4 in the log/],
    ['a doubled one', [...records, fourth], /5 events in SQL/],
    ['one doubled in the place of another', [first, second, third, third], /say something else/],
    ['another reason', [first, second, third, { ...fourth, reason: '' }], /say something else/],
  ])('%s is seen', (_, sql, why) => {
    expect(differenceOfSums(sumOf(sql), sumOf(records))).toMatch(why);
  });

  test('the order in which SQL has them is nothing', () => {
    expect(differenceOfSums(sumOf([...records].reverse()), sumOf(records))).toBeUndefined();
  });
});

test('a thousand differences are counted, a hundred told', () => {
  const { device } = life();
  const states = new Map(Array.from({ length: 1_000 }, (_, i) => [`default/${i}`, device]));
  const ledger = judged(states, []);
  expect(ledger.differing).toBe(1_000);
  expect(ledger.told).toHaveLength(MAX_TOLD);
});

describe('answers held against the log', () => {
  const STEPS: readonly [RequestType, object][] = [
    ['register', { ...DESCRIPTION, agent_id: 'agent-1' }],
    ['provision', {}],
    ['resume', {}],
    ['activate', {}],
  ];

  /** What a registry would have said to these, each asked once, and what it would have written. */
  function run(): { asked: Map<string, Asked>; log: DeviceEvent[] } {
    const asked = new Map<string, Asked>();
    const log: DeviceEvent[] = [];
    let device: Device | null = null;
    for (const [type, data] of STEPS) {
      const decision = decide(device, request(type, data as never, { request_id: type }), context);
      if (decision.kind === 'accepted') {
        log.push(decision.event);
        device = evolve(device, decision.event);
      }
      const [code, detail] = decision.kind === 'rejected' ? [decision.code, decision.detail] : ['', ''];
      const { state = '', version = 0 } = device ?? {};
      const answer = { outcome: decision.kind, code, detail, state, version, whole: JSON.stringify(device) };
      asked.set(type, { request: record(type, data, { request_id: type }), times: 1, answers: [answer] });
    }
    return { asked, log };
  }

  const answerOf = (asked: Map<string, Asked>, id: string): Answer => (asked.get(id) as Asked).answers[0] as Answer;
  const bend = (asked: Map<string, Asked>, id: string, change: Partial<Answer>): void => {
    const one = asked.get(id) as Asked;
    asked.set(id, { ...one, answers: one.answers.map((a) => ({ ...a, ...change })) });
  };

  test('what happened is found sound', () => {
    const { asked, log } = run();
    const sound = { requests: 4, accepted: 3, unanswered: 0, doubled: 0, lost: 0, untrue: 0, examples: [] };
    expect(judgeAnswers(asked, log)).toEqual(sound);
  });

  test.each<[string, keyof Findings, (run: { asked: Map<string, Asked>; log: DeviceEvent[] }) => void]>([
    ['no answer', 'unanswered', ({ asked }) => asked.get('resume')?.answers.pop()],
    [
      'two answers to one question',
      'doubled',
      ({ asked }) => asked.get('resume')?.answers.push(answerOf(asked, 'resume')),
    ],
    ['an acceptance without event', 'lost', ({ log }) => log.pop()],
    ['an event nobody was told of', 'lost', ({ asked }) => bend(asked, 'activate', { outcome: 'unchanged' })],
    ['an event twice', 'doubled', ({ log }) => log.push(log[2] as DeviceEvent)],
    ['another state', 'untrue', ({ asked }) => bend(asked, 'provision', { state: 'active' })],
    ['another version', 'untrue', ({ asked }) => bend(asked, 'resume', { version: 1 })],
    ['a version never reached', 'untrue', ({ asked }) => bend(asked, 'resume', { version: 9 })],
    ['a rejection that is none', 'untrue', ({ asked }) => bend(asked, 'resume', { outcome: 'unchanged', code: '' })],
    ['another reason', 'untrue', ({ asked }) => bend(asked, 'resume', { code: 'unknown-device' })],
    ['another whole', 'untrue', ({ asked }) => bend(asked, 'register', { whole: '{}' })],
    ['an event of another wish', 'untrue', ({ log }) => (log[0] = { ...log[0], actor: 'mallory' } as DeviceEvent)],
  ])('%s is found', (_, kind, change) => {
    const happened = run();
    change(happened);
    expect(judgeAnswers(happened.asked, happened.log)[kind]).not.toBe(0);
  });
});
