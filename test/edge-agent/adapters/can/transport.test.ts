import { frameOf, GLOBAL, type Group, groupOf } from '../../../../edge-agent/adapters/can/j1939';
import {
  MANAGEMENT,
  MAX_GROUP_BYTES,
  TRANSFER,
  TransportProtocol,
} from '../../../../edge-agent/adapters/can/transport';

const OWN = 249;
const PGN = 0xfeeb;
const content = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => (7 * i + 3) & 0xff));

const part = (pgn: number, destination: number, data: readonly number[] | Buffer, source = 5): Group => ({
  ...{ pgn, source, destination },
  data: Buffer.from(data),
});

function opening(kind: 16 | 32, bytes: number, destination: number, burst = 0xff): Group {
  const head = [kind, bytes & 0xff, bytes >> 8, Math.ceil(bytes / 7), burst, PGN & 0xff, PGN >> 8, 0];
  return part(MANAGEMENT, destination, head);
}

function packet(data: Buffer, number: number, destination: number): Group {
  const bytes = Buffer.alloc(8, 0xff);
  bytes.writeUInt8(number, 0);
  data.copy(bytes, 1, 7 * (number - 1), 7 * number);
  return part(TRANSFER, destination, bytes);
}

/** First bytes of what is said: kind, and for a clear to send how many from where. */
const said = (frames: readonly { readonly data: Buffer }[]): number[][] =>
  frames.map(({ data }) => [...data.subarray(0, 3)]);

test.each([9, 14, 15, MAX_GROUP_BYTES])('an announcement of %i bytes is put together', (bytes) => {
  const protocol = new TransportProtocol(OWN);
  const data = content(bytes);
  protocol.take(opening(32, bytes, GLOBAL), 0);
  const packets = Math.ceil(bytes / 7);
  for (let n = 1; n < packets; n++) expect(protocol.take(packet(data, n, GLOBAL), n).group).toBeUndefined();
  const { group, send } = protocol.take(packet(data, packets, GLOBAL), packets);
  expect(group).toEqual({ pgn: PGN, source: 5, destination: GLOBAL, data });
  expect(send).toEqual([]);
  expect(protocol.underWay).toBe(0);
});

test('what is sent to the own address is asked for in bursts, and acknowledged', () => {
  const protocol = new TransportProtocol(OWN);
  const data = content(23);
  expect(said(protocol.take(opening(16, 23, OWN, 2), 0).send)).toEqual([[17, 2, 1]]);
  expect(protocol.take(packet(data, 1, OWN), 1).send).toEqual([]);
  expect(said(protocol.take(packet(data, 2, OWN), 2).send)).toEqual([[17, 2, 3]]);
  protocol.take(packet(data, 3, OWN), 3);
  const { group, send } = protocol.take(packet(data, 4, OWN), 4);
  expect(group?.data).toEqual(data);
  expect(send.map((f) => [groupOf(f)?.destination, ...f.data])).toEqual([[5, 19, 23, 0, 4, 0xff, 0xeb, 0xfe, 0]]);
});

test('packets that did not come are asked for again, and given up in the end', () => {
  const protocol = new TransportProtocol(OWN);
  const data = content(23);
  protocol.take(opening(16, 23, OWN), 0);
  protocol.take(packet(data, 1, OWN), 1);
  protocol.take(packet(data, 3, OWN), 2);
  expect(said(protocol.take(packet(data, 4, OWN), 3).send)).toEqual([[17, 3, 2]]);
  expect(protocol.expire(1_252)).toEqual([]);
  expect(said(protocol.expire(1_253))).toEqual([[17, 3, 2]]);
  expect(said(protocol.expire(2_503))).toEqual([[255, 3, 0xff]]);
  expect(protocol.underWay).toBe(0);
  expect(protocol.counters).toEqual({ transfers: 0, transfers_lost: 1 });
});

test('what others send each other is read, and not answered', () => {
  const protocol = new TransportProtocol(OWN);
  const data = content(10);
  expect(protocol.take(opening(16, 10, 7), 0).send).toEqual([]);
  protocol.take(packet(data, 2, 7), 1);
  expect(protocol.take(packet(data, 1, 7), 2)).toEqual({
    group: { pgn: PGN, source: 5, destination: 7, data },
    send: [],
  });
});

test('an announcement with a packet lost, one that stops, and one that is taken back are dropped', () => {
  const protocol = new TransportProtocol(OWN);
  const data = content(20);
  protocol.take(opening(32, 20, GLOBAL), 0);
  protocol.take(packet(data, 2, GLOBAL), 1);
  expect(protocol.underWay).toBe(0);
  protocol.take(opening(32, 20, GLOBAL), 2);
  expect(protocol.expire(751)).toEqual([]);
  expect(protocol.underWay).toBe(1);
  protocol.expire(752);
  expect(protocol.underWay).toBe(0);
  protocol.take(opening(16, 20, 7), 800);
  protocol.take(part(MANAGEMENT, 5, [255, 2, 0xff, 0xff, 0xff, PGN & 0xff, PGN >> 8, 0], 7), 801);
  expect(protocol.underWay).toBe(0);
  expect(protocol.counters.transfers_lost).toBe(3);
});

test('sizes that cannot be, packets of nobody and too many senders take no memory', () => {
  const protocol = new TransportProtocol(OWN);
  for (const bytes of [0, 8, 1_786, 65_535]) protocol.take(opening(32, bytes, GLOBAL), 0);
  protocol.take(part(MANAGEMENT, GLOBAL, [32, 20, 0, 9, 0xff, 0, 0, 0]), 0);
  protocol.take(packet(content(20), 1, GLOBAL), 0);
  protocol.take(part(TRANSFER, GLOBAL, [1, 2, 3]), 0);
  expect(protocol.underWay).toBe(0);
  for (let source = 0; source < 250; source++) protocol.take({ ...opening(32, 20, GLOBAL), source }, 0);
  expect(protocol.underWay).toBe(64);
});

test('a frame is taken apart as it is put together', () => {
  for (const group of [part(0xfeca, GLOBAL, [1]), part(0xef00, 9, [2]), part(0x1f004, GLOBAL, [3])])
    expect(groupOf(frameOf(group))).toEqual(group);
});
