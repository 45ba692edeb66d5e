import { PointTable, restored, spoil, told } from '../../../../edge-agent/adapters/opcua/points';
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
