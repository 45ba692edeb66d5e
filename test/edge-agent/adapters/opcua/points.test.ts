import { restored, spoil, told } from '../../../../edge-agent/adapters/opcua/point';
import { eventRequest, eventSamples, type EventWatch, MAX_TOLD } from '../../../../edge-agent/adapters/opcua/events';
import { PointTable } from '../../../../edge-agent/adapters/opcua/points';
import { countsOf, limitOf, publishing_ms } from '../../../../edge-agent/adapters/opcua/plan';
import { metricOf } from '../../../../edge-agent/adapters/opcua/browse';
import { type UaValue } from '../../../../edge-agent/adapters/opcua/codec';
import { Quality } from '../../../../schemas/quality';
import { connectionOf } from '../../plan-of';

const text = (point = ''): string => `
agent: { id: a }
connections: [{ name: line, protocol: opcua, opcua: { endpoint: "opc.tcp://h:1", policy: None } }]
devices: [{ id: d, connection: line, namespace: "urn:x", points: [{ metric: m, node: s=A${point} }, { metric: n, node: s=B, scan_ms: 50 }] }]
`;
const table = (point = ''): PointTable => new PointTable(connectionOf(text(point)));
const value = (n: number, source_at: number): UaValue => ({ type: 11, array: false, value: n, status: 0, source_at });
const T = 1_700_000_000_000;

test('the time of a reading is that of its source', () => {
  const point = table().find('read', 'd', 'm');
  expect(told(point, value(1, T), T + 500)).toMatchObject({ at: T, value: 1, quality: 0 });
});

test.each([
  ['far ahead', T + 10 * 86_400_000],
  ['before 1970', -5],
])('a source time %s is not believed', (_, source_at) => {
  const point = table().find('read', 'd', 'm');
  expect(told(point, value(1, source_at), T)).toMatchObject({ at: T });
});

test('what was told is not told again, the same value at another time is', () => {
  const point = table().find('read', 'd', 'm');
  expect(told(point, value(1, T), T)).toBeDefined();
  expect(told(point, value(1, T), T + 9)).toBeUndefined();
  expect(told(point, value(1, T + 1), T + 9)).toBeDefined();
});

test('a point that we called bad is good again at a time after that, although the server’s value is older', () => {
  const point = table().find('read', 'd', 'm');
  told(point, value(1, T), T);
  expect(spoil(point, Quality.notConnected, T + 100)).toMatchObject({ at: T + 100, quality: Quality.notConnected });
  expect(restored(point, value(1, T), T + 200)).toMatchObject({ at: T + 200, value: 1, quality: 0 });
  expect(restored(point, value(1, T), T + 300)).toBeUndefined();
});

test('a value newer than the bad reading makes the point good by itself', () => {
  const point = table().find('read', 'd', 'm');
  spoil(point, Quality.notConnected, T);
  expect(told(point, value(2, T + 50), T + 60)).toMatchObject({ at: T + 50 });
  expect(restored(point, value(2, T + 50), T + 70)).toBeUndefined();
});

test('what the history told already is left out of the queue of the subscription', () => {
  const point = table(', opcua: { history: true }').find('read', 'd', 'm');
  told(point, value(3, T + 20), T + 30);
  expect(told(point, value(2, T + 10), T + 30)).toBeUndefined();
});

test('a point that stays keeps its handle, one that is read in another way gets a new one', () => {
  const points = table();
  const [m, n] = ['m', 'n'].map((metric) => points.find('read', 'd', metric).handle);
  points.adopt(connectionOf(text(', scan_ms: 200')), new Set());
  expect(points.find('read', 'd', 'n').handle).toBe(n);
  expect(points.find('read', 'd', 'm').handle).not.toBe(m);
});

test('the server sends as often as the fastest point is wanted, and no faster than it can', () => {
  const points = table().all(new Set());
  expect(publishing_ms(points, undefined)).toBe(50);
  expect(publishing_ms(points, 500)).toBe(500);
  expect(publishing_ms([], undefined)).toBe(1_000);
});

test.each([
  [0, 1_000],
  [undefined, 1_000],
  [200, 200],
  [5_000, 1_000],
])('a server that states %p takes %p nodes', (stated, nodes) => {
  expect(limitOf(stated, 1_000)).toBe(nodes);
});

test('a subscription outlives three keep-alives and the session', () => {
  expect(countsOf(100, 60_000)).toEqual({ keepAlive: 100, lifetime: 600 });
  expect(countsOf(60_000, 60_000)).toEqual({ keepAlive: 1, lifetime: 3 });
});

test.each([
  [['Boiler', 'Flue gas °C'], 'Boiler.Flue_gas_C'],
  [['1', '2'], '_1.2'],
])('browse path %p', (path, metric) => {
  expect(metricOf(path)).toBe(metric);
});

describe('events', () => {
  const UA = 'http://opcfoundation.org/UA/';
  const events = (hot = 'condition: Hot'): PointTable =>
    new PointTable(
      connectionOf(`
agent: { id: a }
connections: [{ name: line, protocol: opcua, opcua: { endpoint: "opc.tcp://h:1", policy: None } }]
devices:
  - id: d
    connection: line
    points:
      - { metric: hot, node: i=2253, type: bool, opcua: { event: { field: ActiveState/Id, ${hot} } } }
      - { metric: text, node: i=2253, type: string, opcua: { event: { field: Message } } }
      - { metric: grave, node: i=2253, type: string, opcua: { event: { field: Message, min_severity: 500 } } }
`),
    );
  const only = (points: PointTable): EventWatch => points.events(new Set())[0] as EventWatch;
  const field = (type: number, content: unknown): UaValue => ({ type, array: false, value: content, status: 0 });
  const NONE = field(0, null);

  interface Told {
    readonly id?: number;
    readonly at?: number;
    readonly type?: string;
    readonly name?: string;
    readonly branch?: string;
    readonly active?: UaValue;
    readonly text?: UaValue;
  }
  const event = ({
    id = 1,
    at = T,
    type = 'ns=0;i=2915',
    name = 'Hot',
    branch = 'ns=0;i=0',
    ...rest
  }: Told): UaValue[] => [
    field(15, Buffer.from([id >> 8, id])),
    field(17, type),
    field(13, new Date(at)),
    field(5, 700),
    field(12, 'Boiler'),
    field(12, name),
    field(17, branch),
    rest.active ?? field(1, true),
    rest.text ?? field(21, { text: 'hot' }),
  ];

  test('points with the same filter share one item, which asks for their fields after those of every event', () => {
    const watches = events().events(new Set());
    expect(watches.map((w) => w.points.map((p) => p.metric))).toEqual([['hot', 'text'], ['grave']]);
    const asked = eventRequest(only(events()), undefined).fields;
    expect(asked.slice(-2)).toEqual([
      { namespace: UA, names: ['ActiveState', 'Id'] },
      { namespace: UA, names: ['Message'] },
    ]);
    expect(events().all(new Set())).toEqual([]);
    expect(
      events()
        .states(new Set())
        .map((p) => p.metric),
    ).toEqual(['hot']);
  });

  test('an event is a reading at its own time, told once however often it comes', () => {
    const watch = only(events());
    expect(eventSamples(watch, event({}), T + 9)).toEqual([
      { device: 'd', metric: 'hot', at: T, value: true, quality: 0 },
      { device: 'd', metric: 'text', at: T, value: 'hot', quality: 0 },
    ]);
    expect(eventSamples(watch, event({}), T + 20)).toEqual([]);
    expect(eventSamples(watch, event({ id: 2 }), T + 20)).toHaveLength(2);
  });

  test.each<[string, Told, string[]]>([
    ['without the field says nothing to the point', { active: NONE }, ['text']],
    ['of another condition says nothing to the point that names one', { name: 'Cold' }, ['text']],
    ['of a branch is not the state of the condition', { branch: 'ns=2;i=7' }, ['text']],
  ])('an event %s', (_, told, metrics) => {
    expect(eventSamples(only(events()), event(told), T).map((s) => s.metric)).toEqual(metrics);
  });

  test('what cannot be carried is a bad reading', () => {
    const [hot] = eventSamples(only(events()), event({ active: field(22, {}) }), T);
    expect(hot).toMatchObject({ quality: Quality.notConverted });
  });

  test('a severity below the one asked for is judged here as well: not every server filters', () => {
    const [, grave] = events().events(new Set());
    const fields = event({}).filter((_, i) => i !== 7);
    expect(eventSamples(grave as EventWatch, fields, T)).toHaveLength(1);
    fields[3] = field(5, 499);
    fields[0] = field(15, Buffer.from([9]));
    expect(eventSamples(grave as EventWatch, fields, T)).toEqual([]);
  });

  test('after an outage the refresh says again what holds, at the time it is known again, and only of states', () => {
    const points = events();
    const watch = only(points);
    eventSamples(watch, event({}), T);
    for (const p of points.states(new Set())) spoil(p, Quality.notConnected, T + 100);
    expect(eventSamples(watch, event({}), T + 200)).toEqual([
      { device: 'd', metric: 'hot', at: T + 200, value: true, quality: 0 },
    ]);
    expect(eventSamples(watch, event({ type: 'ns=0;i=2788' }), T + 201)).toEqual([]);
  });

  test('a condition that the refresh does not speak of holds no more', () => {
    const points = events();
    const watch = only(points);
    eventSamples(watch, event({}), T);
    for (const p of points.states(new Set())) spoil(p, Quality.notConnected, T + 100);
    expect(eventSamples(watch, event({ type: 'i=2788' }), T + 300)).toEqual([
      { device: 'd', metric: 'hot', at: T + 300, value: false, quality: 0 },
    ]);
  });

  test('events remembered as told are bounded', () => {
    const watch = only(events());
    for (let id = 0; id < MAX_TOLD + 10; id++) eventSamples(watch, event({ id }), T);
    expect(watch.told.size).toBe(MAX_TOLD);
  });

  test('a watch whose points stay keeps its handle', () => {
    const points = events();
    const handles = points.events(new Set()).map((w) => w.handle);
    points.adopt(connectionOf(text()), new Set());
    expect(points.events(new Set())).toEqual([]);
    expect(
      new Set([
        ...handles,
        ...events()
          .events(new Set())
          .map((w) => w.handle),
      ]).size,
    ).toBe(2);
  });
});
