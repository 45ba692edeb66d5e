/** The serial transport on a port of paper: when it sends, what it does with RTS, and how it ends. */
import { EventEmitter } from 'node:events';
import { serial } from '../../../../edge-agent/adapters/modbus/serial';
import { type Port } from '../../../../edge-agent/wire/serial-port';
import {
  brokenOff_ms,
  char_ms,
  lineLoad,
  read_ms,
  silence_ms,
} from '../../../../edge-agent/adapters/modbus/serial-time';
import { type ModbusConnectionSettings, type SerialSettings } from '../../../../edge-agent/adapters/modbus/settings';
import { type Transport } from '../../../../edge-agent/adapters/modbus/transport';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const SETTINGS: SerialSettings = {
  ...{ device: '/dev/ttyS0', baud_rate: 9_600, parity: 'even', data_bits: 8, stop_bits: 1, rts: 'leave' },
};
const run = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

type Callback = (error?: Error | null) => void;

class PaperPort extends EventEmitter {
  isOpen = false;
  readonly log: string[] = [];
  failure: Error | undefined;
  private note(what: string, cb?: Callback): void {
    this.log.push(`${Math.round(performance.now() - this.begun)} ${what}`);
    setTimeout(() => cb?.(this.failure ?? null), 0);
  }
  readonly begun = performance.now();
  open(cb: Callback): void {
    this.isOpen = !this.failure;
    this.note('open', cb);
  }
  close(cb?: Callback): void {
    this.isOpen = false;
    this.note('close', () => {
      this.emit('close', null);
      cb?.(null);
    });
  }
  write(bytes: Buffer, cb: Callback): boolean {
    this.note(`write ${bytes.toString('hex')}`, cb);
    return true;
  }
  drain(cb: Callback): void {
    this.note('drain', cb);
  }
  flush(cb: Callback): void {
    this.note('flush', cb);
  }
  set(flags: object, cb: Callback): void {
    this.note(`set ${JSON.stringify(flags)}`, cb);
  }
}

class Rig {
  readonly port = new PaperPort();
  readonly told: string[] = [];
  readonly transport: Transport;

  constructor(settings: Partial<SerialSettings> = {}, makePort?: () => Promise<Port>) {
    const open = serial(
      { ...SETTINGS, ...settings },
      makePort ?? (() => Promise.resolve(this.port as unknown as Port)),
    );
    this.transport = open({
      open: () => this.told.push('open'),
      data: (chunk) => this.told.push(`data ${chunk.toString('hex')}`),
      silence: () => this.told.push('silence'),
      closed: (reason) => this.told.push(`closed: ${reason.message}`),
    });
  }

  async opened(): Promise<this> {
    await run(100);
    this.port.log.length = 0;
    return this;
  }

  /** What the port was asked, with the time in ms since the last call of `mark`. */
  private from = 0;
  mark(): void {
    this.from = performance.now() - this.port.begun;
    this.port.log.length = 0;
  }
  asked(): string[] {
    return this.port.log.map((l) => {
      const [at, ...what] = l.split(' ');
      return `${Number(at) - Math.round(this.from)} ${what.join(' ')}`;
    });
  }
}

test('opens, throws away what came before, and says so', async () => {
  const rig = new Rig();
  await run(10);
  expect(rig.port.log.map((l) => l.split(' ')[1])).toEqual(['open', 'flush']);
  expect(rig.told).toEqual(['open']);
});

test('a frame waits until the line has been silent for 3.5 characters', async () => {
  const rig = await new Rig().opened();
  rig.mark();
  rig.port.emit('data', Buffer.of(1));
  rig.transport.write(Buffer.of(2, 3), 1_000);
  await run(3);
  expect(rig.asked()).toEqual([]);
  rig.port.emit('data', Buffer.of(4));
  await run(20);
  // 3.5 characters of 11 bits at 9600 baud are 4.01 ms, after the last byte at 3.
  expect(rig.asked()).toEqual(['8 write 0203']);
});

test('the next frame waits for the one before to be on the wire', async () => {
  const rig = await new Rig().opened();
  rig.mark();
  rig.transport.write(Buffer.alloc(8), 1_000);
  rig.transport.write(Buffer.of(9), 1_000);
  await run(100);
  const [, second = ''] = rig.asked();
  // 8 characters and 3.5 of silence are 13.2 ms.
  expect(Number(second.split(' ')[0])).toBeGreaterThanOrEqual(13);
});

test('a frame whose time is over on a line that is never quiet is not sent', async () => {
  const rig = await new Rig().opened();
  rig.mark();
  rig.port.emit('data', Buffer.of(1));
  rig.transport.write(Buffer.of(2), 20);
  for (let i = 0; i < 20; i++) {
    await run(2);
    rig.port.emit('data', Buffer.of(1));
  }
  await run(100);
  expect(rig.asked()).toEqual([]);
});

test.each([
  ['high-to-send', ['set {"rts":true}', 'write 01', 'drain', 'set {"rts":false}']],
  ['low-to-send', ['set {"rts":false}', 'write 01', 'drain', 'set {"rts":true}']],
  ['high', ['write 01']],
  ['flow-control', ['write 01']],
] as const)('rts %s', async (rts, expected) => {
  const rig = await new Rig({ rts }).opened();
  rig.transport.write(Buffer.of(1), 1_000);
  await run(50);
  expect(rig.port.log.map((l) => l.split(' ').slice(1).join(' '))).toEqual(expected);
});

test.each([
  ['high', 'set {"rts":true}'],
  ['low', 'set {"rts":false}'],
  ['high-to-send', 'set {"rts":false}'],
  ['low-to-send', 'set {"rts":true}'],
] as const)('rts %s when it opens', async (rts, expected) => {
  const rig = new Rig({ rts });
  await run(50);
  expect(rig.port.log.map((l) => l.split(' ').slice(1).join(' '))).toEqual(['open', 'flush', expected]);
});

test('tells silence after data, once', async () => {
  const rig = await new Rig().opened();
  rig.port.emit('data', Buffer.of(1));
  await run(40);
  rig.port.emit('data', Buffer.of(2));
  await run(200);
  expect(rig.told).toEqual(['open', 'data 01', 'data 02', 'silence']);
});

test('a port that vanishes is told with its reason, once', async () => {
  const rig = await new Rig().opened();
  rig.port.emit('error', new Error('EIO: i/o error'));
  rig.port.emit('close', new Error('disconnected'));
  await run(100);
  expect(rig.told).toEqual(['open', 'closed: EIO: i/o error']);
});

test('a port that cannot be opened is told with its reason', async () => {
  const rig = new Rig();
  rig.port.failure = new Error('No such file or directory, cannot open /dev/ttyS0');
  await run(10);
  expect(rig.told).toEqual(['closed: No such file or directory, cannot open /dev/ttyS0']);
});

test('a binding that cannot be loaded is told with its reason', async () => {
  const rig = new Rig({}, () => Promise.reject(new Error('no native build for this machine')));
  await run(10);
  expect(rig.told).toEqual(['closed: no native build for this machine']);
});

test('destroyed before it is open, it closes what it opened', async () => {
  const rig = new Rig();
  rig.transport.destroy(new Error('stopping'));
  await run(10);
  expect(rig.told).toEqual(['closed: stopping']);
  expect(rig.port.isOpen).toBe(false);
});

test.each([
  [{ baud_rate: 9_600 }, 1.1458, 4.01, 50],
  [{ baud_rate: 9_600, parity: 'none' as const }, 1.0417, 3.646, 50],
  [{ baud_rate: 1_200, stop_bits: 2 as const }, 10, 35, 200],
  [{ baud_rate: 115_200 }, 0.0955, 1.75, 50],
])('times of %p', (settings, character, silence, broken) => {
  const s = { ...SETTINGS, ...settings };
  expect(char_ms(s)).toBeCloseTo(character, 3);
  expect(silence_ms(s)).toBeCloseTo(silence, 2);
  expect(brokenOff_ms(s)).toBeCloseTo(broken, 0);
});

test('the load of a line is the time its frames take of their scans', () => {
  const read = { unit: 1, fn: 3, address: 0, count: 50, scan_ms: 250, points: [] } as const;
  // 8 bytes there, 105 back, two silences.
  expect(read_ms(read, SETTINGS, 0)).toBeCloseTo(113 * 1.1458 + 2 * 4.01, 1);
  const settings = { endpoint: { kind: 'serial', serial: SETTINGS }, pause_ms: 0 } as ModbusConnectionSettings;
  expect(lineLoad([read, { ...read, scan_ms: 1_000 }], settings)).toBeCloseTo(137.5 / 250 + 137.5 / 1_000, 2);
  const tcp = { endpoint: { kind: 'tcp', host: 'h', port: 502 }, pause_ms: 0 } as ModbusConnectionSettings;
  expect(lineLoad([read], tcp)).toBeUndefined();
});
