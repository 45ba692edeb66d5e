import { decide, type Device, type DeviceEvent, evolve } from '../../../services/domain/device';
import { Ledger, MAX_TOLD } from '../../../services/registry/verify/ledger';
import { context, request } from '../domain/device/given';

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

test('a thousand differences are counted, a hundred told', () => {
  const { device } = life();
  const states = new Map(Array.from({ length: 1_000 }, (_, i) => [`default/${i}`, device]));
  const ledger = judged(states, []);
  expect(ledger.differing).toBe(1_000);
  expect(ledger.told).toHaveLength(MAX_TOLD);
});
