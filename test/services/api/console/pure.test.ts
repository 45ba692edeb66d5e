/** What the console computes, without a browser. */
import { diffLines, hunks } from '../../../../schemas/text-diff';
import { closedVariables, connectionsIn, devicesIn, importKind } from '../../../../services/api/console/src/draft';
import { EventParser } from '../../../../services/api/console/src/events';
import {
  ageText,
  cli,
  hexDump,
  rateText,
  shellWord,
  sqlText,
  unitText,
} from '../../../../services/api/console/src/format';
import { missing, type Outage, watchOutage } from '../../../../services/api/console/src/outage';
import {
  boundsOf,
  cornersOf,
  isWithin,
  placesOf,
  positionOf,
  positionText,
  unrolled,
  unrolledFence,
} from '../../../../services/api/console/src/places';
import { mayAt } from '../../../../services/api/console/src/roles';
import { parseRoute, pathOf } from '../../../../services/api/console/src/route';

test('events come whole, whatever the pieces', () => {
  const text = ': hello\n\nid: m2m.x:0:7\nevent: reading\ndata: {"a":1,\ndata: "b":2}\n\nevent:alarm\ndata:{}\n\n';
  const whole = new EventParser().feed(text);
  expect(whole).toEqual([
    { type: 'reading', id: 'm2m.x:0:7', data: '{"a":1,\n"b":2}' },
    { type: 'alarm', id: '', data: '{}' },
  ]);
  const parser = new EventParser();
  expect([...text].flatMap((c) => parser.feed(c))).toEqual(whole);
});

test('an event without an end is refused', () => {
  const parser = new EventParser();
  const feed = (): void => {
    for (let i = 0; i < 50; i++) parser.feed('x'.repeat(100_000));
  };
  expect(feed).toThrow(RangeError);
});

test.each([
  ['/', '', { screen: 'overview', rest: [], query: {} }],
  ['/devices', '?q=a%20b', { screen: 'devices', rest: [], query: { q: 'a b' } }],
  ['/devices/a%2Fb/life', '', { screen: 'devices', rest: ['a/b', 'life'], query: {} }],
  ['/devices/%zz', '', { screen: 'devices', rest: ['%zz'], query: {} }],
])('the address %s%s', (path, search, route) => expect(parseRoute(path, search)).toEqual(route));

test('an address made of parts is read as those parts', () => {
  const path = pathOf(['devices', 'a/b c'], { q: 'x&y', state: '', model: undefined });
  expect(path).toBe('/devices/a%2Fb%20c?q=x%26y');
});

test('differences by lines, and what lies around them', () => {
  const lines = diffLines('a\nb\nc\nd\ne\nf', 'a\nb\nX\nd\ne\nf\ng');
  expect(lines.map((l) => `${l.kind[0]}${l.text}`)).toEqual(['sa', 'sb', 'rc', 'aX', 'sd', 'se', 'sf', 'ag']);
  expect(hunks(diffLines('1\n2\n3\n4\n5\n6\n7', '1\n2\n3\n4\n5\n6\n8'), 1)).toEqual([
    { kind: 'skipped', count: 5 },
    { kind: 'same', text: '6' },
    { kind: 'removed', text: '7' },
    { kind: 'added', text: '8' },
  ]);
  expect(diffLines('same', 'same')).toEqual([{ kind: 'same', text: 'same' }]);
});

test.each([
  ['viewer', 'viewer', undefined, true],
  ['viewer', 'operator', undefined, false],
  ['operator@acme/north', 'operator', 'acme/north/hall', true],
  ['operator@acme/north', 'operator', 'acme/northern', false],
  ['operator@acme/north', 'operator', undefined, false],
] as const)('%s for %s at %s: %s', (grant, role, path, may) => expect(mayAt([grant], role, path)).toBe(may));

test('words for shells and SQL are quoted', () => {
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(cli('command', 'send', 'boiler-1', 'note', 'text=a b')).toBe(
    "./millrace command send boiler-1 note 'text=a b'",
  );
  expect(sqlText("o'b\\c")).toBe("'o\\'b\\\\c'");
});

test('ages, rates and units as people say them', () => {
  expect([500, 8_000, 180_000, 10_800_000, 400_000_000].map(ageText)).toEqual(['now', '8 s', '3 min', '3 h', '4 d']);
  expect([0, 0.44, 12.2].map(rateText)).toEqual(['0/s', '0.4/s', '12/s']);
  expect([unitText('Cel'), unitText('bar'), unitText('xyz', 'furlong')]).toEqual(['°C', 'bar', 'furlong']);
});

test('bytes are dumped as offset, hex and text, up to a bound', () => {
  expect(hexDump('48690a', 16)).toBe(`000000  48 69 0a${' '.repeat(41)}Hi.`);
  expect(hexDump('00'.repeat(20), 16).split('\n').at(-1)).toBe('… 4 bytes more');
});

test('an outage is seen when data grows old, and over when it is fresh', () => {
  let state: Outage = { stage: 'waiting' };
  state = watchOutage(state, 1_000, 4_000);
  expect(state.stage).toBe('waiting');
  state = watchOutage(state, 1_000, 7_000);
  expect(state).toEqual({ stage: 'cut', since: 1_000 });
  state = watchOutage(state, 19_000, 20_000);
  expect(state).toEqual({ stage: 'back', since: 1_000, until: 19_000 });
  expect(missing([3, 5, 5, 8])).toBe(3);
  expect(missing([3, 4, 5])).toBe(0);
});

describe('places', () => {
  const good = (value: number | string | null) => ({ value, quality: 'good' });

  test.each([
    [51.5, -0.1, true],
    ['51.5', '-0.1', true],
    [90, 180, true],
    [90.1, 0, false],
    [0, -180.1, false],
    ['', '', false],
    [NaN, 0, false],
    [null, undefined, false],
    ['north', '0', false],
  ])('%p, %p is a position: %p', (lat, lon, is) => expect(positionOf(lat, lon) !== undefined).toBe(is));

  test('what a device says now goes before what SQL knows, and that before its labels', () => {
    const labels = { latitude: '1', longitude: '1' };
    const devices = ['says', 'said', 'labelled', 'half', 'bad', 'nowhere'].map((device_id) => ({
      device_id,
      ...(device_id !== 'nowhere' && device_id !== 'half' && { labels }),
    }));
    const values = new Map([
      ['says', new Map([...[['latitude', good(3)] as const, ['longitude', good(3)] as const]])],
      ['half', new Map([['latitude', good(3)]])],
      ['bad', new Map([...[['latitude', good(3)] as const, ['longitude', { value: 3, quality: 'bad' }] as const]])],
    ]);
    const told = new Map(['says', 'said'].map((id) => [id, { latitude: 2, longitude: 2 }]));
    expect(placesOf(devices, values, told).map((p) => [p.device_id, p.latitude, p.by, p.link])).toEqual([
      ['says', 3, 'reading', 'unknown'],
      ['said', 2, 'reading', 'unknown'],
      ['labelled', 1, 'label', 'unknown'],
      ['bad', 1, 'label', 'unknown'],
    ]);
  });

  test('a box around them, and what is within a view that runs past the antimeridian', () => {
    const [fiji, samoa] = [
      { latitude: -17, longitude: 178 },
      { latitude: -13, longitude: -172 },
    ];
    expect(boundsOf([])).toBeUndefined();
    expect(boundsOf([fiji, samoa])).toEqual([-172, -17, 178, -13]);
    expect([fiji, samoa].map((p) => isWithin(p, [170, -20, 190, -10]))).toEqual([true, true]);
    expect(isWithin(fiji, [170, -10, 190, 0])).toBe(false);
    expect(positionText({ latitude: -33.9, longitude: 18.42 })).toBe('33.9000° S, 18.4200° E');
  });

  test('a fence has its corners, and is unrolled as rings are', () => {
    const ring = [
      [179, 0],
      [-179, 0],
      [-179, 1],
      [179, 0],
    ];
    const fence = {
      type: 'Feature' as const,
      properties: { name: 'f' },
      geometry: { type: 'Polygon' as const, coordinates: [ring] },
    };
    expect(unrolledFence(fence).geometry.coordinates).toEqual([
      [
        [179, 0],
        [181, 0],
        [181, 1],
        [179, 0],
      ],
    ]);
    expect(cornersOf(fence)[1]).toEqual({ latitude: 0, longitude: -179 });
    const both = { ...fence, geometry: { type: 'MultiPolygon' as const, coordinates: [[ring], [ring]] } };
    expect(unrolledFence(both).geometry.coordinates).toHaveLength(2);
    expect(cornersOf(both)).toHaveLength(8);
  });

  test('a ring across the antimeridian goes on past it, and one around a pole is closed over it', () => {
    const across = [
      [170, 60],
      [-170, 60],
      [-170, 70],
      [170, 70],
      [170, 60],
    ];
    expect(unrolled(across).map(([lon]) => lon)).toEqual([170, 190, 190, 170, 170]);
    const around = [
      [0, -80],
      [120, -80],
      [-120, -80],
      [0, -80],
    ];
    expect(unrolled(around)).toEqual([
      [0, -80],
      [120, -80],
      [240, -80],
      [360, -80],
      [360, -90],
      [0, -90],
      [0, -80],
    ]);
  });
});

test('variables that the agent fills in for its own file only are told, once each', () => {
  const text = 'host: ${PLANT_HOST:-127.0.0.1}\nport: ${PROFILE_PORT:-502}\n# again ${PLANT_HOST}, and ${TOKEN}';
  expect(closedVariables(text)).toEqual(['PLANT_HOST', 'TOKEN']);
});

test('connections and devices of a draft are known before it is valid', () => {
  const text = `agent: { id: a }
connections:
  # the plant
  - name: 'plc 1' # hall 2
    protocol: opcua
    mqtt: { subscriptions: [{ topic: x }] }

  - protocol: mqtt
    name: broker
devices:
  - { id: pump-1, connection: plc }
  - id: "fan"
    points: [
`;
  expect(connectionsIn(text)).toEqual([
    { name: 'plc 1', protocol: 'opcua' },
    { name: 'broker', protocol: 'mqtt' },
  ]);
  expect(devicesIn(text)).toEqual(['pump-1', 'fan']);
  expect(connectionsIn('connections: [{ name: plant, protocol: modbus-tcp, host: h }]')).toEqual([
    { name: 'plant', protocol: 'modbus-tcp' },
  ]);
  expect(connectionsIn('')).toEqual([]);
});

test.each([
  ['tags.csv', 'csv'],
  ['Boiler_EDE.csv', 'ede'],
  ['federal.csv', 'csv'],
  ['j1939.DBC', 'dbc'],
])('%s is taken for %s', (name, kind) => expect(importKind(name)).toBe(kind));
