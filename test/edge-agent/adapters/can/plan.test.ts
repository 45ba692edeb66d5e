import { frameToWrite, SignalTable } from '../../../../edge-agent/adapters/can/plan';
import { SignalError } from '../../../../edge-agent/adapters/can/codec';
import { type CanFrame } from '../../../../edge-agent/adapters/can/frame';
import { groupOf } from '../../../../edge-agent/adapters/can/j1939';
import { type CanSource } from '../../../../edge-agent/adapters/can/settings';
import { type ConnectionPlan, type DevicePlan } from '../../../../edge-agent/core/compile/plan';
import { connectionOf, planOf } from '../../plan-of';

const profile = (points: string, connection = 'host: far, can: { link: udp }', device = '{ source: 1 }'): string => `
agent: { id: a }
connections: [{ name: bus, protocol: can, ${connection} }]
devices: [{ id: m, connection: bus, can: ${device}, points: [${points}] }]
`;

const frame = (id: number, hex: string): CanFrame => ({
  id,
  extended: id > 0x7ff,
  remote: false,
  data: Buffer.from(hex, 'hex'),
});
const moment = (now: number): { now: number; at: number; past: boolean } => ({ now, at: 1_000 + now, past: false });

function values(connection: ConnectionPlan, f: CanFrame): unknown[] {
  const table = new SignalTable(connection);
  const group = groupOf(f);
  const heard = [...table.ofFrame(f, moment(0)), ...(group ? table.ofGroup(group, moment(0)) : [])];
  return heard.flatMap((h) => h.samples.map((s) => [s.metric, s.value, s.quality]));
}

test('values, text of a table, what the table does not name, bools, text of bytes', () => {
  const connection = connectionOf(
    profile(`{ metric: n, can: { id: 0x10, start: 0, length: 8 } },
      { metric: gear, can: { id: 0x10, start: 8, length: 4, values: { '0': Park, '3': Drive } } },
      { metric: other, can: { id: 0x10, start: 12, length: 4, values: { '0': Park } } },
      { metric: on, type: bool, can: { id: 0x10, start: 16, length: 1 } },
      { metric: name, type: string, can: { id: 0x10, start: 24, length: 40 } }`),
  );
  expect(values(connection, frame(0x10, '2a730141422a0000'))).toEqual([
    ['n', 42, 0],
    ['gear', 'Drive', 0],
    ['other', '7', 0],
    ['on', true, 0],
    ['name', 'AB', 0],
  ]);
  expect(values(connection, frame(0x10, '2a'))).toEqual([
    ['n', 42, 0],
    ...['gear', 'other', 'on'].map((m) => [m, undefined, 69]),
    ['name', '', 0],
  ]);
  expect(values(connection, frame(0x11, '2a'))).toEqual([]);
  expect(values(connection, { ...frame(0x10, ''), remote: true })).toEqual([]);
});

test('J1939: by group and sender; error and not available are no values, unless the range is full', () => {
  const connection = connectionOf(
    profile(`{ metric: speed, can: { pgn: 0xf004, start: 24, length: 16 } },
      { metric: all, can: { pgn: 0xf004, start: 24, length: 16, full_range: true } },
      { metric: mode, can: { pgn: 0xf004, start: 0, length: 4, values: { '15': unknown } } }`),
  );
  expect(values(connection, frame(0x0cf00401, '0fffff00feffffff'))).toEqual([
    ['speed', undefined, 71],
    ['all', 0xfe00, 0],
    ['mode', 'unknown', 0],
  ]);
  expect(values(connection, frame(0x18f00401, '00ffffffffffffff'))[0]).toEqual(['speed', undefined, 64]);
  expect(values(connection, frame(0x0cf00402, '0fffff00feffffff'))).toEqual([]);
});

test('at most one reading in scan_ms; without it, one of each frame', () => {
  const point = (more: string): string => `{ metric: n, ${more} can: { id: 0x10, start: 0, length: 8 } }`;
  const count = (more: string): number => {
    const table = new SignalTable(connectionOf(profile(point(more))));
    return [0, 10, 99, 100, 150, 200].flatMap((now) =>
      table.ofFrame(frame(0x10, '01'), moment(now)).flatMap((h) => h.samples),
    ).length;
  };
  expect(count('scan_ms: 100,')).toBe(3);
  expect(count('')).toBe(6);
});

describe('writing', () => {
  const write = (point: string, value: number | string | boolean, before?: string): string => {
    const connection = connectionOf(profile(point));
    const device = connection.devices[0] as DevicePlan;
    const { id, data } = frameToWrite(
      device,
      device.points[0]?.source as CanSource,
      value,
      249,
      before === undefined ? undefined : Buffer.from(before, 'hex'),
    );
    return `${id.toString(16)}#${data.toString('hex')}`;
  };

  test.each([
    ['{ metric: n, writable: true, can: { id: 0x10, start: 8, length: 8 } }', 5, undefined, '10#0005000000000000'],
    ['{ metric: n, writable: true, can: { id: 0x10, start: 8, length: 8 } }', 5, '11223344', '10#11053344'],
    [
      '{ metric: n, writable: true, can: { id: 0x10, start: 0, length: 8, write: { id: 0x20, start: 0, length: 8, bytes: 2 } } }',
      5,
      undefined,
      '20#0500',
    ],
    [
      '{ metric: n, writable: true, can: { pgn: 0xef00, start: 0, length: 16 } }',
      513,
      undefined,
      '18ef01f9#0102ffffffffffff',
    ],
    [
      '{ metric: n, writable: true, can: { pgn: 0xff10, start: 0, length: 16 } }',
      513,
      undefined,
      '18ff10f9#0102ffffffffffff',
    ],
    [
      '{ metric: g, writable: true, can: { id: 0x10, start: 0, length: 8, values: { "3": Drive } } }',
      'Drive',
      undefined,
      '10#0300000000000000',
    ],
    [
      '{ metric: b, type: bool, writable: true, can: { id: 0x10, start: 7, length: 1 } }',
      true,
      undefined,
      '10#8000000000000000',
    ],
    [
      '{ metric: n, writable: true, can: { id: 0x10, start: 8, length: 8, when: [{ start: 0, length: 4, values: [[2, 3]] }] } }',
      5,
      undefined,
      '10#0205000000000000',
    ],
  ])('%s: %s', (point, value, before, expected) => {
    expect(write(point, value, before)).toBe(expected);
  });

  test.each([
    ['{ metric: g, writable: true, can: { id: 0x10, start: 0, length: 8, values: { "3": Drive } } }', 'Fly'],
    ['{ metric: b, type: bool, writable: true, can: { id: 0x10, start: 7, length: 1 } }', 2],
    ['{ metric: n, writable: true, can: { id: 0x10, start: 0, length: 8 } }', 256],
  ])('%s refuses %s', (point, value) => {
    expect(() => write(point, value)).toThrow(SignalError);
  });
});

describe('the rules say what is wrong', () => {
  const problem = (text: string): string => {
    try {
      planOf(text);
      return '';
    } catch (e) {
      return (e as Error).message;
    }
  };
  const n = '{ metric: n, can: { id: 0x10, start: 0, length: 8 } }';

  test.each([
    [profile(n), ''],
    [profile(n, 'can: { link: candump, file: x.log, loop: true }'), ''],
    [profile(n, 'serial: { device: ttyS0 }, can: { link: slcan }'), ''],
    [profile(n, 'can: { link: udp }'), 'host'],
    [profile(n, 'host: far, can: { link: udp, bitrate: 250000 }'), 'no bitrate with link: udp'],
    [profile(n, 'can: { link: slcan }'), 'serial'],
    [profile(n, 'can: { link: candump }'), 'file'],
    [profile('{ metric: n }'), 'a "can" section'],
    [profile('{ metric: n, can: { start: 0, length: 8 } }'), 'an "id" or a "pgn"'],
    [profile('{ metric: n, can: { pgn: 0xf004, start: 0, length: 8 } }', undefined, '{}'), 'source address'],
    [profile('{ metric: n, can: { pgn: 0xef05, start: 0, length: 8 } }'), 'a lower byte of 0'],
    [profile('{ metric: n, can: { id: 0x10, start: 0, length: 65 } }'), 'at most 64 bits'],
    [profile('{ metric: n, can: { id: 0x10, start: 0, length: 16, format: float } }'), '32 or 64 bits'],
    [profile('{ metric: n, can: { id: 0x10, start: 510, length: 16 } }'), 'within 64 bytes'],
    [profile('{ metric: n, writable: true, can: { id: 0x10, start: 60, length: 16 } }'), 'where its signals end'],
    [
      profile(
        '{ metric: n, writable: true, can: { id: 0x10, start: 0, length: 8 } }',
        'can: { link: candump, file: x }',
      ),
      'a log takes no frames',
    ],
    [profile('{ metric: n, table: coil, address: 1, can: { id: 0x10, start: 0, length: 8 } }'), 'no table with can'],
    [profile('{ metric: n, type: int16, can: { id: 0x10, start: 0, length: 8 } }'), 'bool, string'],
    [profile('{ metric: n, can: { id: 0x10, start: 0, length: 8, request: true } }'), 'no request without a pgn'],
  ])('%s', (text, expected) => {
    expect(problem(text)).toContain(expected);
    if (expected === '') expect(problem(text)).toBe('');
  });
});
