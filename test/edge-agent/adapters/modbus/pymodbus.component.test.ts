/**
 * Our client against a server by others, over real sockets: every table, type, order and function.
 * One request at a time: pymodbus forgets a request when the next one comes before its answer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FieldValue, type Sample } from '../../../../edge-agent/adapter';
import { ModbusAdapter } from '../../../../edge-agent/adapters/modbus/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Quality } from '../../../../schemas/quality';
import { planOf } from '../../plan-of';
import { Cable } from './pty';
import { type PymodbusServer, startPymodbus } from './pymodbus';

const SETUP_MS = 120_000;

const TYPES: readonly [metric: string, point: string, value: FieldValue][] = [
  ['i16', 'address: 0, type: int16', -2],
  ['u16', 'address: 1, type: uint16', 65_534],
  ['i32', 'address: 2, type: int32', -123_456_789],
  ['u32', 'address: 4, type: uint32', 4_123_456_789],
  ['i64', 'address: 6, type: int64', -(2n ** 62n)],
  ['u64', 'address: 10, type: uint64', 2n ** 63n + 5n],
  ['f32', 'address: 14, type: float32', 21.5],
  ['f64', 'address: 16, type: float64', 0.1],
  ['text', 'address: 20, type: string, length: 4', 'MILLRACE'],
  ['bits', 'address: 24, type: bits, bit: 4, bit_count: 4', 0b1010],
  ['bit', 'address: 24, type: bool, bit: 15', true],
  ['f32l', 'address: 25, type: float32, word_order: little', 21.5],
  ['u64l', 'address: 27, type: uint64, word_order: little', 2n ** 40n + 3n],
];

/** Written through the adapter, read back through it: [metric, point, value, other setting of the device]. */
const WRITES: readonly [what: string, point: string, value: FieldValue, device?: string][] = [
  ['05 a coil', 'table: coil, address: 101', true],
  ['15 a coil', 'table: coil, address: 103', true, 'write_with: multiple'],
  ['06 a register', 'table: holding-register, address: 1000, type: int16', -7],
  ['16 a register', 'table: holding-register, address: 1001', 7, 'write_with: multiple'],
  ['16 a float', 'table: holding-register, address: 1002, type: float32, word_order: little', -0.5],
  ['16 a long integer', 'table: holding-register, address: 1004, type: uint64', 2n ** 64n - 1n],
  ['16 text', 'table: holding-register, address: 1010, type: string, length: 4', 'Grüße'],
  ['22 bits of a register', 'table: holding-register, address: 1020, type: bits, bit: 3, bit_count: 5', 21],
  ['22 a bit of a register', 'table: holding-register, address: 1020, type: bool, bit: 15', true],
  ['23 a double', 'table: holding-register, address: 1030, type: float64', Math.PI, 'write_with: read-write'],
];

const lineTo = (port: number | string): string =>
  typeof port === 'string' ? `serial: { device: ${port}, baud_rate: 115200 }` : `host: 127.0.0.1, port: ${port}`;

const profile = (protocol: string, port: number | string): string => `
agent: { id: a }
connections:
  - { name: line, protocol: ${protocol}, ${lineTo(port)}, timeout_ms: 2000 }
devices:
  - id: types
    connection: line
    points:
${TYPES.flatMap(([m, p]) => [
  `      - { metric: h_${m}, table: holding-register, ${p}, scan_ms: 100 }`,
  `      - { metric: i_${m}, table: input-register, ${p}, scan_ms: 100 }`,
]).join('\n')}
${[0, 1, 2, 3, 32].flatMap((a) => [`      - { metric: c_${a}, table: coil, address: ${a}, scan_ms: 100 }`, `      - { metric: d_${a}, table: discrete-input, address: ${a}, scan_ms: 100 }`]).join('\n')}
  - id: holes
    connection: line
    unit: 2
    points:
      - { metric: before, table: holding-register, address: 29, scan_ms: 100 }
      - { metric: hole, table: holding-register, address: 40, scan_ms: 100 }
      - { metric: there, table: input-register, address: 1, scan_ms: 100 }
${WRITES.map(([, point, , device], i) => `  - { id: w${i}, connection: line, ${device ? `${device}, ` : ''}points: [{ metric: m, ${point}, writable: true, scan_ms: 3600000 }] }`).join('\n')}
`;

describe.each([
  ['modbus-tcp', 'socket'],
  ['modbus-rtu-over-tcp', 'rtu'],
  ['modbus-rtu', 'rtu'],
] as const)('%s against pymodbus', (protocol, framer) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-serial-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const isSerial = protocol === 'modbus-rtu';
  let cable: Cable | undefined;
  let port: number | string;
  let server: PymodbusServer;
  let adapter: ModbusAdapter;
  const latest = new Map<string, Sample>();

  beforeAll(async () => {
    if (isSerial) cable = await Cable.lay(ours, theirs);
    server = await startPymodbus(framer, isSerial ? theirs : undefined);
    port = isSerial ? ours : server.port;
    const [connection] = planOf(profile(protocol, port)).connections;
    if (!connection) throw new Error('no connection');
    adapter = new ModbusAdapter(connection, { clock: systemClock, random: Math.random });
    adapter.start({
      samples: (batch) => batch.samples.forEach((s) => latest.set(`${s.device}/${s.metric}`, s)),
      link: () => undefined,
      ready: () => Promise.resolve(),
    });
    const all = 2 * TYPES.length + 10 + 3;
    for (let i = 0; i < 100 && [...latest.keys()].filter((k) => !k.startsWith('w')).length < all; i++) await sleep(50);
  }, SETUP_MS);

  afterAll(async () => {
    await adapter?.close();
    await server?.stop();
    await cable?.cut();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(TYPES)('%s in holding and input registers', (metric, _, value) => {
    for (const table of ['h', 'i'])
      expect(latest.get(`types/${table}_${metric}`)).toMatchObject({ value, quality: Quality.good });
  });

  test.each([0, 1, 2, 3, 32])('coil and discrete input %i', (address) => {
    for (const table of ['c', 'd'])
      expect(latest.get(`types/${table}_${address}`)).toMatchObject({
        value: address % 3 === 0,
        quality: Quality.good,
      });
  });

  test('an address that is not there is a bad reading, its neighbours are good', () => {
    expect(latest.get('holes/hole')).toMatchObject({ quality: Quality.deviceException });
    expect(latest.get('holes/before')).toMatchObject({ quality: Quality.good });
    expect(latest.get('holes/there')).toMatchObject({ quality: Quality.good, value: 65_534 });
  });

  test.each(WRITES.map(([what, , value], i) => [what, `w${i}`, value] as const))(
    'writes %s and reads it back',
    async (_, device, value) => {
      await adapter.write({ device, metric: 'm', value, timeout_ms: 2_000 });
      const back = await adapter.read(device, 'm', 2_000);
      expect(back).toMatchObject({ value, quality: Quality.good });
    },
  );

  test('a write to an address that is not there is refused for certain', async () => {
    const [connection] = planOf(
      `agent: { id: a }
connections: [{ name: line, protocol: ${protocol}, ${lineTo(port)} }]
devices: [{ id: d, connection: line, points: [{ metric: m, table: holding-register, address: 500, writable: true }] }]`,
    ).connections;
    if (!connection) throw new Error('no connection');
    if (isSerial) await adapter.close();
    const other = new ModbusAdapter(connection, { clock: systemClock, random: Math.random });
    let connected: (() => void) | undefined;
    const up = new Promise<void>((resolve) => (connected = resolve));
    const link = (): void => (other.status().connected ? connected?.() : undefined);
    other.start({ samples: link, link, ready: () => Promise.resolve() });
    await up;
    await expect(other.write({ device: 'd', metric: 'm', value: 1, timeout_ms: 2_000 })).rejects.toMatchObject({
      code: 'device-exception',
      certain: true,
    });
    await other.close();
  });
});
