import { type AdapterError, type LinkEvent, type Sample } from '../../../../edge-agent/adapter';
import { ModbusAdapter } from '../../../../edge-agent/adapters/modbus/adapter';
import { Quality } from '../../../../schemas/quality';
import { planOf } from '../../plan-of';
import { exception, FakeSlave, obedient } from './fake-slave';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => jest.useRealTimers());

class Rig {
  readonly samples: Sample[] = [];
  readonly links: LinkEvent[] = [];
  readonly slave: FakeSlave;
  readonly adapter: ModbusAdapter;
  ready = (): Promise<void> => Promise.resolve();

  constructor(profile: string, framing: 'mbap' | 'rtu' = 'mbap') {
    this.slave = new FakeSlave(framing);
    const [connection] = planOf(profile).connections;
    if (!connection) throw new Error('no connection');
    this.adapter = new ModbusAdapter(connection, { clock, random: () => 1, open: this.slave.open });
  }

  start(): this {
    this.adapter.start({
      samples: (batch) => this.samples.push(...batch.samples),
      link: (event) => this.links.push(event),
      ready: () => this.ready(),
    });
    return this;
  }

  /** Samples since the last call, as device/metric: value or quality. */
  told(): string[] {
    return this.samples.splice(0).map((s) => `${s.device}/${s.metric}: ${s.value ?? `bad ${s.quality}`}`);
  }

  /** Links since the last call. */
  heard(): string[] {
    return this.links.splice(0).map((l) => `${l.device ?? 'line'} ${l.state}${l.reason ? `: ${l.reason}` : ''}`);
  }
}

const run = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

const TWO = `
agent: { id: a }
connections: [{ name: line, protocol: modbus-tcp, host: h, timeout_ms: 100, backoff: { initial_ms: 1000, max_ms: 8000 } }]
devices:
  - { id: one, connection: line, unit: 1, points: [{ metric: x, table: holding-register, address: 7, scan_ms: 200, writable: true }] }
  - { id: two, connection: line, unit: 2, points: [{ metric: y, table: input-register, address: 9, scan_ms: 200 }, { metric: b, table: coil, address: 3, scan_ms: 200, writable: true }] }
`;

test('polls every point at its scan time and tells who is there', async () => {
  const rig = new Rig(TWO).start();
  await run(100);
  expect(rig.heard()).toEqual(['line connecting', 'line connected', 'one connected', 'two connected']);
  expect(rig.told().sort()).toEqual(['one/x: 7', 'two/b: false', 'two/y: 9']);
  await run(1_000);
  expect(rig.told()).toHaveLength(5 * 3);
  expect(rig.slave.asked.filter((a) => a.unit === 1).map((a) => Math.round(a.at / 200))).toEqual([0, 1, 2, 3, 4, 5]);
});

test('one request under way unless the profile allows more', async () => {
  const rig = new Rig(TWO);
  let most = 0;
  rig.slave.delay_ms = 20;
  rig.slave.answer = (unit, pdu) => {
    most = Math.max(most, rig.adapter.status().counters['in_flight'] ?? 0);
    return obedient(unit, pdu);
  };
  rig.start();
  await run(1_000);
  expect(most).toBe(1);
  const wide = new Rig(TWO.replace('host: h', 'host: h, in_flight: 3'));
  wide.slave.delay_ms = 20;
  wide.start();
  await run(15);
  expect(wide.slave.asked).toHaveLength(3);
});

describe('a slave that does not answer', () => {
  const silent = (rig: Rig): void => {
    rig.slave.answer = (unit, pdu) => (unit === 1 ? undefined : obedient(unit, pdu));
  };

  test('costs one timeout per backoff step, and its neighbour keeps its scan', async () => {
    const rig = new Rig(TWO);
    silent(rig);
    rig.start();
    await run(15_000);
    // At 0, and after rests of 1, 2, 4 s, counted from each timeout.
    expect(rig.slave.asked.filter((a) => a.unit === 1)).toHaveLength(4);
    const scans = rig.slave.asked.filter((a) => a.unit === 2 && a.pdu.startsWith('04')).map((a) => a.at);
    // The neighbour lost no slot of 200 ms to the timeouts of 100 ms.
    expect(scans).toHaveLength(75);
  });

  test('gives bad readings, is told disconnected at the second silence, and comes back', async () => {
    const rig = new Rig(TWO);
    rig.start();
    await run(50);
    rig.heard();
    rig.told();
    silent(rig);
    await run(300);
    expect(rig.told()).toContain(`one/x: bad ${Quality.timeout}`);
    expect(rig.heard()).toEqual([]);
    await run(1_200);
    expect(rig.heard()).toEqual(['one disconnected: no answer within 100 ms']);
    rig.slave.answer = obedient;
    rig.told();
    await run(2_500);
    expect(rig.heard()).toEqual(['one connected']);
    expect(rig.told()).toContain('one/x: 7');
  });

  test('alone on its line makes the line suspect: connected anew', async () => {
    const rig = new Rig(TWO);
    rig.slave.answer = () => undefined;
    rig.start();
    await run(10_000);
    expect(rig.slave.opened).toBeGreaterThan(1);
    expect(rig.heard()).toContain('line disconnected: no answer to 3 requests');
  });
});

describe('a lost line', () => {
  test('is told with its reason, gives bad readings for all points, and is connected again with backoff', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    rig.heard();
    rig.told();
    rig.slave.refuse = true;
    rig.slave.hangUp();
    expect(rig.heard()).toEqual(['line disconnected: reset by peer']);
    expect(rig.told().sort()).toEqual(['one/x: bad 65', 'two/b: bad 65', 'two/y: bad 65']);
    await run(16_500);
    // Attempts after 1, 2, 4, 8 s.
    expect(rig.slave.opened).toBe(5);
    rig.slave.refuse = false;
    rig.told();
    await run(8_500);
    expect(rig.heard()).toEqual(expect.arrayContaining(['line connected', 'one connected', 'two connected']));
    expect(rig.told()).toContain('one/x: 7');
  });

  test('ends the requests under way, once', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    rig.slave.answer = () => undefined;
    const write = rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 1_000 });
    const outcome = write.catch((e: unknown) => e as AdapterError);
    await run(0);
    rig.slave.hangUp();
    expect(await outcome).toMatchObject({ code: 'closed', certain: false });
  });
});

describe('bad answers', () => {
  const cases: readonly [string, (pdu: Buffer) => Buffer, number][] = [
    ['an exception', (pdu) => exception(pdu, 4), Quality.deviceException],
    ['another function', () => Buffer.of(9, 2, 0, 0), Quality.bad],
    ['too few bytes', () => Buffer.of(3, 2, 0), Quality.bad],
  ];
  test.each(cases)('%s is a reading of bad quality, and the neighbour is read well', async (_, bad, quality) => {
    const rig = new Rig(TWO);
    rig.slave.answer = (unit, pdu) => (unit === 1 ? bad(pdu) : obedient(unit, pdu));
    rig.start();
    await run(50);
    expect(rig.told().sort()).toEqual([`one/x: bad ${quality}`, 'two/b: false', 'two/y: 9']);
  });

  test('a gateway that cannot reach the unit counts as its silence', async () => {
    const rig = new Rig(TWO);
    rig.slave.answer = (unit, pdu) => (unit === 1 ? exception(pdu, 11) : obedient(unit, pdu));
    rig.start();
    await run(900);
    expect(rig.slave.asked.filter((a) => a.unit === 1)).toHaveLength(1);
    expect(rig.told()).toContain(`one/x: bad ${Quality.notConnected}`);
  });

  test('bytes that are not Modbus end the line', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    rig.heard();
    rig.slave.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await run(10);
    expect(rig.heard()[0]).toMatch(/^line disconnected: protocol \d+ instead of 0$/);
    await run(1_500);
    expect(rig.heard()).toContain('line connected');
  });

  test('an answer after its timeout is counted and taken for nothing', async () => {
    const rig = new Rig(TWO);
    rig.slave.delay_ms = 150;
    rig.start();
    await run(1_000);
    expect(rig.adapter.status().counters).toMatchObject({ late: expect.any(Number) as number });
    expect(rig.adapter.status().counters['late']).toBeGreaterThan(0);
    expect(rig.told().every((t) => t.includes('bad'))).toBe(true);
  });
});

const RANGE = `
agent: { id: a }
connections: [{ name: line, protocol: modbus-tcp, host: h }]
devices:
  - id: d
    connection: line
    scan_ms: 1000
    points:
      - { metric: a, table: holding-register, address: 0 }
      - { metric: b, table: holding-register, address: 1 }
      - { metric: c, table: holding-register, address: 2 }
      - { metric: d, table: holding-register, address: 3 }
`;

test('one bad address does not spoil its neighbours, and costs no scan', async () => {
  const rig = new Rig(RANGE);
  rig.slave.answer = (unit, pdu) => {
    const [address, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
    return address <= 2 && address + count > 2 ? exception(pdu, 2) : obedient(unit, pdu);
  };
  rig.start();
  await run(900);
  expect(rig.told().sort()).toEqual(['d/a: 0', 'd/b: 1', `d/c: bad ${Quality.deviceException}`, 'd/d: 3']);
  const before = rig.slave.asked.length;
  await run(1_000);
  expect(rig.slave.asked.length - before).toBe(3);
});

describe('writes and reads on demand', () => {
  test('a write goes before scans and is acknowledged by the unit', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    const write = rig.adapter.write({ device: 'one', metric: 'x', value: 0x1234, timeout_ms: 1_000 });
    await run(10);
    await expect(write).resolves.toBeUndefined();
    expect(rig.slave.asked.some((a) => a.pdu === '0600071234')).toBe(true);
  });

  test('a read past the plan', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    const read = rig.adapter.read('two', 'y', 1_000);
    await run(10);
    await expect(read).resolves.toMatchObject({ device: 'two', metric: 'y', value: 9, quality: 0 });
  });

  test.each([
    ['an unknown point', { device: 'one', metric: 'nope', value: 1 }, 'unknown-point'],
    ['a point that is not writable', { device: 'two', metric: 'y', value: 1 }, 'not-writable'],
    ['a value that does not fit', { device: 'one', metric: 'x', value: 70_000 }, 'invalid-value'],
    ['text to a coil', { device: 'two', metric: 'b', value: 'on' }, 'invalid-value'],
  ])('%s is refused without a request', async (_, request, code) => {
    const rig = new Rig(TWO).start();
    await run(50);
    const before = rig.slave.asked.length;
    await expect(rig.adapter.write({ ...request, timeout_ms: 100 })).rejects.toMatchObject({ code, certain: true });
    expect(rig.slave.asked.length).toBe(before);
  });

  test('without a line nothing is sent, for certain', async () => {
    const rig = new Rig(TWO);
    rig.slave.refuse = true;
    rig.start();
    await run(50);
    const write = rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 100 });
    await expect(write).rejects.toMatchObject({ code: 'not-connected', certain: true });
  });

  test('an exception is certain, a timeout is not', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    const outcome = (): Promise<unknown> =>
      rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 100 }).catch((e: unknown) => e);
    rig.slave.answer = (unit, pdu) => (pdu[0] === 6 ? exception(pdu, 3) : obedient(unit, pdu));
    const refused = outcome();
    await run(10);
    expect(await refused).toMatchObject({ code: 'device-exception', certain: true });
    rig.slave.answer = (unit, pdu) => (pdu[0] === 6 ? undefined : obedient(unit, pdu));
    const silent = outcome();
    await run(200);
    expect(await silent).toMatchObject({ code: 'timeout', certain: false });
  });

  test('at most 256 wait; each ends within its time', async () => {
    const rig = new Rig(TWO).start();
    await run(50);
    rig.slave.answer = () => undefined;
    const outcomes = Array.from({ length: 300 }, () =>
      rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 500 }).catch((e: unknown) => e),
    );
    await run(1_200);
    const codes = (await Promise.all(outcomes)).map((e) => (e as AdapterError).code);
    // One was on the wire; of the rest nothing was sent.
    expect(codes.filter((c) => c === 'timeout').length).toBeLessThanOrEqual(2);
    expect(codes.filter((c) => c === 'not-connected').length).toBeGreaterThanOrEqual(298);
  });
});

test('excluded devices are neither polled nor written, the rest goes on; included again they are back', async () => {
  const rig = new Rig(TWO).start();
  await run(50);
  rig.heard();
  rig.told();
  rig.adapter.exclude(new Set(['one']));
  expect(rig.heard()).toEqual(['one disconnected: excluded']);
  await run(1_000);
  expect(rig.told().every((t) => t.startsWith('two/'))).toBe(true);
  await expect(rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 100 })).rejects.toMatchObject({
    code: 'not-writable',
  });
  await expect(rig.adapter.read('one', 'x', 100)).rejects.toMatchObject({ code: 'not-writable' });
  rig.adapter.exclude(new Set());
  await run(300);
  expect(rig.told()).toContain('one/x: 7');
  expect(rig.heard()).toEqual(['one connected']);
});

test('polls only as fast as the agent takes it', async () => {
  const rig = new Rig(TWO);
  let release: (() => void) | undefined;
  rig.ready = () => new Promise((resolve) => (release = resolve));
  rig.start();
  await run(5_000);
  expect(rig.slave.asked).toHaveLength(0);
  release?.();
  await run(5);
  expect(rig.slave.asked).toHaveLength(1);
});

test('closing ends what is under way and leaves nothing behind', async () => {
  const rig = new Rig(TWO).start();
  await run(50);
  rig.slave.answer = () => undefined;
  const write = rig.adapter.write({ device: 'one', metric: 'x', value: 1, timeout_ms: 1_000 }).catch((e: unknown) => e);
  await run(0);
  await rig.adapter.close();
  expect(await write).toMatchObject({ code: 'closed' });
  await run(10);
  expect(jest.getTimerCount()).toBe(0);
  await expect(rig.adapter.read('one', 'x', 100)).rejects.toMatchObject({ code: 'not-connected' });
});

test('says how it is doing', async () => {
  const rig = new Rig(TWO).start();
  await run(3_000);
  expect(rig.adapter.status()).toMatchObject({
    connection: 'line',
    connected: true,
    devices: [
      { id: 'one', connected: true, scan_asked_ms: 200, scans_missed: 0 },
      { id: 'two', connected: true, scan_asked_ms: 200, scans_missed: 0 },
    ],
  });
  expect(rig.adapter.status().devices[0]?.scan_achieved_ms).toBeCloseTo(200, -1);
});

describe('RTU over TCP', () => {
  const RTU = TWO.replace('modbus-tcp', 'modbus-rtu-over-tcp');

  test('polls as Modbus TCP does', async () => {
    const rig = new Rig(RTU, 'rtu').start();
    await run(50);
    expect(rig.told().sort()).toEqual(['one/x: 7', 'two/b: false', 'two/y: 9']);
  });

  test('a wrong CRC is a reading of that quality, and the next is good', async () => {
    const rig = new Rig(RTU, 'rtu').start();
    await run(190);
    rig.told();
    rig.slave.answer = () => undefined;
    await run(15);
    rig.slave.send(Buffer.from('010302000700ff', 'hex'));
    rig.slave.answer = obedient;
    await run(50);
    const told = rig.told();
    expect(told.filter((t) => t.endsWith(`bad ${Quality.checksum}`))).toHaveLength(1);
    expect(told.filter((t) => !t.includes('bad')).length).toBeGreaterThanOrEqual(2);
  });

  test('a frame that breaks off is told once the line is silent, not after the timeout', async () => {
    const rig = new Rig(RTU, 'rtu').start();
    await run(50);
    rig.told();
    rig.slave.answer = () => undefined;
    await run(160);
    rig.slave.send(Buffer.from('010304', 'hex'));
    rig.slave.silence();
    await run(1);
    expect(rig.told()).toContain(`one/x: bad ${Quality.checksum}`);
    expect(rig.adapter.status().counters).toMatchObject({ bad_frames: 1, crc_errors: 1, timeouts: 0 });
  });

  test('an answer that comes after its timeout is not taken for that of another unit', async () => {
    const rig = new Rig(RTU, 'rtu');
    rig.slave.answer = (unit, pdu) => {
      rig.slave.delay_ms = unit === 1 ? 101 : 5;
      return obedient(unit, pdu);
    };
    rig.start();
    await run(600);
    expect(rig.told().filter((t) => t.startsWith('two/y') && t !== 'two/y: 9')).toEqual([]);
  });
});
