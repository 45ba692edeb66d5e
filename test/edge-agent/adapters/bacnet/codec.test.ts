import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FieldValue } from '../../../../edge-agent/adapter';
import { samplesOf } from '../../../../edge-agent/adapters/bacnet/answer';
import {
  appData,
  type AppData,
  ConvertError,
  fieldValue,
  qualityOf,
  Tag,
} from '../../../../edge-agent/adapters/bacnet/codec';
import { parseEde } from '../../../../edge-agent/adapters/bacnet/ede';
import { objectId, objectText } from '../../../../edge-agent/adapters/bacnet/objects';
import { type PlanPoint, planReads, WHOLE } from '../../../../edge-agent/adapters/bacnet/plan';
import { type BacnetSource } from '../../../../edge-agent/adapters/bacnet/settings';
import { Quality } from '../../../../schemas/quality';
import { projectRoot } from '../../../../schemas/root';
import { planOf } from '../../plan-of';

test.each<[string, AppData, boolean, FieldValue | undefined]>([
  ['a real', { type: Tag.real, value: 21.5 }, false, 21.5],
  ['an enumeration', { type: Tag.enumerated, value: 3 }, false, 3],
  ['a binary value as a boolean', { type: Tag.enumerated, value: 1 }, true, true],
  ['an enumeration that is no boolean', { type: Tag.enumerated, value: 3 }, true, undefined],
  ['text', { type: Tag.characterString, value: 'x' }, false, 'x'],
  ['null', { type: Tag.null, value: null }, false, undefined],
  ['bits', { type: Tag.bitString, value: { bitsUsed: 4, value: [1] } }, false, undefined],
])('reads %s', (_, data, wantsBoolean, expected) => {
  expect(fieldValue([data], wantsBoolean)).toEqual(expected);
});

test.each([
  ['nothing set', 0, Quality.good],
  ['in alarm', 1, Quality.good],
  ['fault', 2, Quality.sensorFailure],
  ['overridden', 4, Quality.manual],
  ['out of service', 8, Quality.manual],
])('status flags: %s', (_, bits, quality) => {
  expect(qualityOf([{ type: Tag.bitString, value: { bitsUsed: 4, value: [bits] } }])).toBe(quality);
});

test.each<[string, string, FieldValue, AppData]>([
  ['a real', 'analog-value,1', 5, { type: Tag.real, value: 5 }],
  ['a binary', 'binary-output,1', true, { type: Tag.enumerated, value: 1 }],
  ['a state', 'multi-state-value,1', 2, { type: Tag.unsigned, value: 2 }],
  ['text', 'character-string-value,1', 'a', { type: Tag.characterString, value: 'a' }],
])('writes %s', (_, object, value, expected) => {
  expect(appData(objectId(object)?.type ?? -1, value)).toEqual(expected);
});

test.each<[string, string, FieldValue]>([
  ['text into a number', 'analog-value,1', 'nonsense'],
  ['what a real cannot hold', 'analog-value,1', 1e39],
  ['state 0', 'multi-state-value,1', 0],
  ['2 as a boolean', 'binary-value,1', 2],
  ['into an input', 'accumulator,1', 1],
])('refuses to write %s', (_, object, value) => {
  expect(() => appData(objectId(object)?.type ?? -1, value)).toThrow(ConvertError);
});

test('objects are named and read back', () => {
  expect(objectText(objectId('analog-input,4194302') ?? { type: -1, instance: 0 })).toBe('analog-input,4194302');
  for (const text of ['analog-input,4194303', 'analog-input', 'device,1', 'constructor,1', 'analog-input,x'])
    expect(objectId(text)).toBeUndefined();
});

const source = (more: Partial<BacnetSource>): BacnetSource => ({
  object: { type: 2, instance: 1 },
  ...{ role: 'value', isBoolean: false, priority: 8, cov: false },
  ...more,
});
const point = (more: Partial<BacnetSource>): PlanPoint => ({ metric: 'm', scan_ms: 1, source: source(more) });

test('a slot of the priority array that is not null is an override', () => {
  const slot = (data: AppData): unknown => {
    const values = [{ id: 87, index: 8, value: [data] }];
    return samplesOf('d', [point({ role: 'override' })], [{ object: { type: 2, instance: 1 }, values }], 5)[0]?.value;
  };
  expect(slot({ type: Tag.real, value: 1 })).toBe(true);
  expect(slot({ type: Tag.null, value: null })).toBe(false);
});

test('what the device has not is a bad reading, its neighbours are good', () => {
  const there = {
    object: { type: 2, instance: 1 },
    values: [{ id: 85, index: WHOLE, value: [{ type: Tag.real, value: 1 }] }],
  };
  const gone = {
    object: { type: 0, instance: 9 },
    values: [{ id: 85, index: WHOLE, value: [{ type: Tag.error, value: {} }] }],
  };
  const points = [point({}), point({ object: gone.object }), point({ object: { type: 0, instance: 10 } })];
  const qualities = samplesOf('d', points, [there, gone], 5).map((s) => s.quality);
  expect(qualities).toEqual([Quality.good, Quality.deviceException, Quality.bad]);
});

test('nothing a device sends makes it throw', () => {
  const data = fc.array(fc.record({ type: fc.integer({ min: -1, max: 120 }), value: fc.anything() }), { maxLength: 3 });
  const values = fc.array(
    fc.record({ id: fc.constantFrom(85, 87, 111, 0), index: fc.constantFrom(WHOLE, 8), value: data }),
  );
  fc.assert(
    fc.property(values, fc.boolean(), (read, override) => {
      const points = [point({ role: override ? 'override' : 'value' })];
      const [sample] = samplesOf('d', points, [{ object: { type: 2, instance: 1 }, values: read }], 5);
      expect(sample?.quality).toBeGreaterThanOrEqual(0);
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

test('objects are read together up to the limit of the device, those that notify seldom', () => {
  const points = Array.from({ length: 5 }, (_, i) => ({ ...point({ cov: i === 0 }), metric: `m${i}`, scan_ms: 100 }));
  const reads = planReads({ points, settings: { max_objects: 3 } } as unknown as Parameters<typeof planReads>[0]);
  expect(reads.map((r) => [r.scan_ms, r.points.length])).toEqual([
    [10_000, 1],
    [100, 3],
    [100, 1],
  ]);
});

describe('EDE', () => {
  const folder = join(projectRoot(), 'test/golden/bacnet/office');

  test('objects of a main sheet (GOLDEN=write makes expected.json anew)', () => {
    const ede = parseEde(readFileSync(join(folder, 'ede.csv'), 'utf8'));
    const file = join(folder, 'expected.json');
    if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(ede, undefined, 2)}\n`);
    expect(ede).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('what is no main sheet is told', () => {
    expect(() => parseEde('a;b\n1;2')).toThrow('keyname');
    expect(() => parseEde('keyname;object-name\n1;2')).toThrow('no column device obj.-instance');
  });

  test('any text gives points or an error in words', () => {
    const line = fc.array(fc.constantFrom('1', '', 'x', '0', '°', '-1', '999999999', '"'), { maxLength: 14 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const header = 'keyname;device obj.-instance;object-name;object-type;object-instance;settable';
        const { devices } = parseEde([header, ...lines.map((l) => l.join(';'))].join('\n'));
        for (const d of devices) for (const p of d.points) expect(p.metric).toMatch(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

const profile = (pointText: string, device = 'bacnet: { instance: 1 }'): string => `
agent: { id: a }
connections: [{ name: net, protocol: bacnet }]
devices: [{ id: d, connection: net, ${device}, points: [{ metric: m, ${pointText} }] }]
`;

test.each([
  ['no object', 'type: bool', 'an "object"'],
  ['an unknown object', 'object: "pump,1"', 'analog-input,1'],
  ['an input that is written', 'object: "analog-input,1", writable: true', 'cannot be written'],
  ['an override that is no bool', 'object: "analog-value,1", bacnet: { override: true }', 'type: bool'],
  ['a bool of an analog', 'object: "analog-value,1", type: bool', 'no bool on analog-value'],
  ['a register', 'object: "analog-value,1", address: 1', 'no address with bacnet'],
])('refuses %s', (_, text, message) => {
  expect(() => planOf(profile(text))).toThrow(message);
});

const line = (more: string, bacnet: string, device = 'mac: 5'): string => `
agent: { id: a }
connections: [{ name: line, protocol: bacnet, ${more} bacnet: { link: mstp, ${bacnet} } }]
devices: [{ id: d, connection: line, bacnet: { ${device} }, points: [{ metric: m, object: "analog-value,1" }] }]
`;
const PORT = 'serial: { device: /dev/ttyS9 },';

test('MS/TP on a serial port, with what the standard says where the profile is silent', () => {
  const plan = planOf(line(PORT, 'station: 2'));
  const mstp = { device: '/dev/ttyS9', baud_rate: 38_400, station: 2, max_master: 127, max_info_frames: 1 };
  expect(plan.connections[0]?.settings).toMatchObject({ mstp });
  expect(plan.devices.get('d')?.settings).toEqual({ address: 'mac:5', max_objects: 8 });
});

test.each([
  ['no port', '', 'station: 2', 'mac: 5', 'a "serial" section'],
  ['no own address', PORT, '', 'mac: 5', 'a "station"'],
  ['an own address nobody asks for', PORT, 'station: 5, max_master: 4', 'mac: 5', 'at least station (5)'],
  ['what is of BACnet/IP', PORT, 'station: 2, bbmd: "10.0.0.1"', 'mac: 5', 'no bbmd with link mstp'],
  ['a device on another network', PORT, 'station: 2', 'address: 10.0.0.1', 'a mac'],
  ['a parity', 'serial: { device: /dev/ttyS9, parity: even },', 'station: 2', 'mac: 5', 'none with mstp'],
  ['a driver to be turned', 'serial: { device: /dev/ttyS9, rts: high },', 'station: 2', 'mac: 5', 'leave with mstp'],
])('refuses MS/TP with %s', (_, more, bacnet, device, message) => {
  expect(() => planOf(line(more, bacnet, device))).toThrow(message);
});

test.each([
  ['a port', `${PORT} bacnet: { port: 1 }`, 'instance: 1', 'no serial'],
  ['a station', 'bacnet: { station: 1 }', 'instance: 1', 'no station'],
  ['a device on a serial line', 'bacnet: { port: 1 }', 'mac: 5', 'an address'],
])('refuses BACnet/IP with %s', (_, more, device, message) => {
  const text = profile('object: "analog-value,1"', `bacnet: { ${device} }`);
  expect(() => planOf(text.replace('protocol: bacnet', `protocol: bacnet, ${more}`))).toThrow(message);
});

test('a device needs an address or an instance', () => {
  expect(() => planOf(profile('object: "analog-value,1"', 'path: a'))).toThrow('an address or an instance');
});

const routed = (device: string, connection = ''): string =>
  profile('object: "analog-value,1"', `bacnet: { ${device} }`).replace(
    'protocol: bacnet',
    `protocol: bacnet, bacnet: { ${connection} }`,
  );

test('a device behind a router, and the router', () => {
  const routers = 'routers: [{ network: 7, address: 10.0.0.1 }]';
  const settings = (device: string): unknown => planOf(routed(device, routers)).devices.get('d')?.settings;
  expect(settings('network: 7, mac: 12')).toEqual({ address: 'net:7:0c', max_objects: 8 });
  expect(settings('network: 7, address: 10.1.0.5')).toEqual({ address: 'net:7:0a010005bac0', max_objects: 8 });
  expect(planOf(routed('instance: 1', routers)).connections[0]?.settings).toMatchObject({
    routers: [{ network: 7, address: '10.0.0.1:47808' }],
  });
  const mstp = planOf(line(PORT, 'station: 2, routers: [{ network: 7, mac: 1 }]', 'network: 7, address: 10.1.0.5'));
  expect(mstp.connections[0]?.settings).toMatchObject({ routers: [{ network: 7, address: 'mac:1' }] });
  expect(mstp.devices.get('d')?.settings).toMatchObject({ address: 'net:7:0a010005bac0' });
});

test.each([
  ['a network alone', 'network: 7, instance: 1', '', 'a mac or an address on that network'],
  ['two addresses on it', 'network: 7, mac: 1, address: 10.0.0.1', '', 'one of them'],
  ['a name there', 'network: 7, address: plc', '', 'an IPv4 address'],
  ['no network of this number', 'network: 65535, mac: 1', '', '65534'],
  ['a router on a serial line', 'instance: 1', 'routers: [{ network: 7, mac: 1 }]', 'the address of its router'],
  [
    'two routers to one network',
    'instance: 1',
    'routers: [{ network: 7, address: 10.0.0.1 }, { network: 7, address: 10.0.0.2 }]',
    'each network once',
  ],
])('refuses %s', (_, device, connection, message) => {
  expect(() => planOf(routed(device, connection))).toThrow(message);
});
