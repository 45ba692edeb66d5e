/** Devices behind routers, answers in segments and broken messages, between the library and the wire. */
import { EventEmitter } from 'node:events';
import { type Below, Carrier, type CarrierOptions } from '../../../../edge-agent/adapters/bacnet/carrier';
import { Network } from '../../../../edge-agent/adapters/bacnet/network';
import {
  decodeDatagram,
  decodeNpdu,
  encodeDatagram,
  encodeNpdu,
  type Npdu,
} from '../../../../edge-agent/adapters/bacnet/npdu';
import { ipAddress, ipOctets, placeOf, remoteAddress, remoteOf } from '../../../../edge-agent/adapters/bacnet/place';
import { MAX_OPEN, Segments } from '../../../../edge-agent/adapters/bacnet/segments';
import { connectionSettings } from '../../../../edge-agent/adapters/bacnet/settings';
import { isWellFormed } from '../../../../edge-agent/adapters/bacnet/tags';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test.each([
  ['on the own network', '10.0.0.5:47808', { address: '10.0.0.5:47808' }],
  ['on the own line', 'mac:5', { mac: 5 }],
  ['on MS/TP behind a router', 'net:7:0c', { network: 7, mac: 12 }],
  ['on BACnet/IP behind a router', 'net:7:0a000005bac0', { network: 7, address: '10.0.0.5:47808' }],
  ['on another kind of network', 'net:7:0102', {}],
])('a device %s is found again by what a profile says of it', (_, address, place) => {
  expect(placeOf(address)).toEqual(place);
  const remote = remoteOf(address);
  if (remote) expect(remoteAddress(remote)).toBe(address);
});

test.each(['net:0:01', 'net:65535:01', 'net:7:', 'net:7:0102030405060708', 'net:7:1', '10.0.0.5:47808'])(
  '%s is on no other network',
  (address) => expect(remoteOf(address)).toBeUndefined(),
);

test('addresses are six octets and back; a name is none', () => {
  expect(ipAddress(ipOctets('192.168.1.200:47809') ?? Buffer.alloc(0))).toBe('192.168.1.200:47809');
  for (const text of ['plc:47808', '10.0.0.5:0', '10.0.0.5:65536', '10.0.0.5', '10.0.0:1'])
    expect(ipOctets(text)).toBeUndefined();
});

/** Written by hand after clause 6.2 and annex J. */
test.each<[string, string, Partial<Npdu>]>([
  ['for us', '01 04 1002', { expects_reply: true, data: hex('1002') }],
  ['for everybody', '01 20 ffff 00 ff 1008', { to: 'all', data: hex('1008') }],
  ['for a device', '01 24 0007 01 0c ff 0275', { to: { network: 7, octets: hex('0c') }, data: hex('0275') }],
  ['from a device', '01 08 0007 01 0c 3001', { from: { network: 7, octets: hex('0c') }, data: hex('3001') }],
  [
    'from one to another',
    '01 28 0001 06 0a000001bac0 0007 01 0c fe 3001',
    { to: { network: 1, octets: hex('0a000001bac0') }, from: { network: 7, octets: hex('0c') }, data: hex('3001') },
  ],
  ['of a router', '01 80 01 0007 0008', { message: 1, data: hex('0007 0008') }],
  ['of a vendor', '01 80 81 0104 55', { message: 0x81, data: hex('55') }],
])('a message %s', (_, bytes, expected) => {
  expect(decodeNpdu(hex(bytes))).toMatchObject(expected);
});

test.each([
  ['of another version', '02 00 10'],
  ['cut in its addresses', '01 20 0007 06 0c'],
  ['from everybody', '01 08 ffff 01 0c 30'],
  ['from nobody', '01 08 0007 00 30'],
  ['from an address too long', '01 08 0007 08 0102030405060708 30'],
  ['without a type', '01 80'],
])('a message %s is none', (_, bytes) => expect(decodeNpdu(hex(bytes))).toBeUndefined());

test.each([
  ['values in lists in an answer', '0c00000001 1e 2955 4e 44 41ac0000 4f 1f', true],
  ['a long text', `75 fe 0100 ${'61'.repeat(256)}`, true],
  ['an extended tag', 'f9 ff 01', true],
  ['a type that there is not', 'f1 b8 ac', false],
  ['a boolean, whose value is in its tag', '11', true],
  ['nothing', '', true],
  ['a length beyond the end', '44 41ac', false],
  ['a length of 4 GB', '85 ff ffffffff 00', false],
  ['a list that is not closed', '1e 2955', false],
  ['a list that another closes', '1e 2f', false],
  ['what was not opened', '1f', false],
  ['lists without an end', '1e'.repeat(100), false],
  ['the end before the length', '75', false],
])('%s', (_, bytes, expected) => expect(isWellFormed(hex(bytes))).toBe(expected));

test.each([
  ['a plain value', '1e 2955 4e 4441ac0000 4f 1f', true],
  ['an error in its place', '1e 2955 5e 9102 9120 5f 1f', true],
  ['tagged data', '1e 2917 4e ac00000000 4f 1f', false],
  ['a list', '1e 2955 4e 2e 2100 2f 4f 1f', false],
])('a property with %s', (_, bytes, expected) => expect(isWellFormed(hex(bytes), [1, 4])).toBe(expected));

const segment = (invoke: number, sequence: number, more: boolean, data: string, window = 4): Buffer =>
  Buffer.concat([Buffer.of(0x38 | (more ? 4 : 0), invoke, sequence, window, 14), Buffer.from(data)]);
const text = (whole: Buffer | undefined): string | undefined => whole?.subarray(3).toString();

describe('segments', () => {
  test('answers of two devices at the same time, with the same number, are two answers', () => {
    const segments = new Segments();
    expect(segments.take('a', segment(1, 0, true, 'A0'), 0).ack).toEqual(hex('40 01 00 04'));
    segments.take('b', segment(1, 0, true, 'B0'), 0);
    segments.take('b', segment(1, 1, true, 'B1'), 0);
    expect(text(segments.take('a', segment(1, 1, false, 'A1'), 0).whole)).toBe('A0A1');
    const last = segments.take('b', segment(1, 2, false, 'B2'), 0);
    expect(last).toEqual({ ack: hex('40 01 02 04'), whole: Buffer.concat([hex('30 01 0e'), Buffer.from('B0B1B2')]) });
    expect(segments.size).toBe(0);
  });

  test('an answer that broke off is forgotten, and the next one is whole', () => {
    const segments = new Segments();
    segments.take('a', segment(1, 0, true, 'old'), 0);
    segments.take('a', segment(1, 1, true, 'old'), 0);
    expect(text(segments.take('a', segment(2, 0, false, 'new'), 1).whole)).toBe('new');
    segments.take('b', segment(9, 0, true, ''), 60_000);
    expect(segments.size).toBe(1);
  });

  test('what is left of an answer is no part of the answer to a later request of the same number', () => {
    const segments = new Segments();
    segments.take('a', segment(1, 0, true, 'old'), 0);
    segments.asked('a', 1);
    segments.take('a', segment(1, 0, true, 'new'), 1);
    expect(text(segments.take('a', segment(1, 1, false, '!'), 1).whole)).toBe('new!');
  });

  test('a segment that is missing is asked for, one that comes again is acknowledged again', () => {
    const segments = new Segments();
    segments.take('a', segment(1, 0, true, '0'), 0);
    expect(segments.take('a', segment(1, 2, true, '2'), 0).ack).toEqual(hex('42 01 00 04'));
    expect(segments.take('a', segment(1, 1, true, '1'), 0)).toEqual({});
    expect(segments.take('a', segment(1, 1, true, '1'), 0).ack).toEqual(hex('40 01 01 04'));
    expect(text(segments.take('a', segment(1, 2, false, '2'), 0).whole)).toBe('012');
  });

  test('more than 256 segments, and more answers than requests under way, are not kept', () => {
    const segments = new Segments();
    for (let i = 0; i < 300; i++) segments.take('a', segment(1, i & 0xff, true, 'x'), 0);
    expect(segments.size).toBe(0);
    for (let i = 0; i < 2 * MAX_OPEN; i++) segments.take(`d${i}`, segment(1, 0, true, 'x'), 0);
    expect(segments.size).toBe(MAX_OPEN);
  });
});

class Wire extends EventEmitter implements Below {
  readonly sent: { npdu: Npdu | undefined; kind: number; to: string | undefined }[] = [];
  open(): void {
    return undefined;
  }
  close(): void {
    return undefined;
  }
  getBroadcastAddress(): string {
    return 'everybody';
  }
  getMaxPayload(): number {
    return 1_482;
  }
  send(bytes: Buffer, length: number, to?: string): void {
    const { kind = -1, npdu } = decodeDatagram(bytes.subarray(0, length)) ?? {};
    this.sent.push({ npdu: npdu && decodeNpdu(npdu), kind, to });
  }
  /** As from `sender`, or brought by it from another network. */
  say(sender: string, apdu: Buffer, from?: { network: number; octets: Buffer }): void {
    const place = from && Buffer.concat([Buffer.of(0, from.network, from.octets.length), from.octets]);
    const npdu = Buffer.concat([Buffer.of(1, from ? 8 : 0), place ?? Buffer.alloc(0), apdu]);
    this.emit('message', encodeDatagram(0x0a, npdu), sender);
  }
}

function carried(options: Partial<CarrierOptions> = {}) {
  const wire = new Wire();
  const carrier = new Carrier(wire, { routers: new Map(), now: () => 0, ...options });
  const heard: { apdu: Buffer; sender: string }[] = [];
  carrier.on('message', (bytes: Buffer, sender: string) => heard.push({ apdu: bytes.subarray(6), sender }));
  const ask = (to: string | undefined, kind = 0x0a): void => {
    const bytes = encodeDatagram(kind, encodeNpdu({ expects_reply: true, data: hex('0275 01 0e') }));
    carrier.send(bytes, bytes.length, to);
  };
  return { wire, carrier, heard, ask };
}

const DEVICE = { network: 7, octets: hex('0c') };
const [ROUTER, OTHER] = ['10.0.0.1:47808', '10.0.0.2:47808'];

describe('a device behind a router', () => {
  test('is looked for by everybody until it has answered, and then asked by way of what brought the answer', () => {
    const { wire, carrier, heard, ask } = carried();
    ask('net:7:0c');
    wire.say(ROUTER, hex('20 01 0f'), DEVICE);
    ask('net:7:0c');
    expect(heard).toEqual([{ apdu: hex('20 01 0f'), sender: 'net:7:0c' }]);
    const to = { expects_reply: true, to: DEVICE };
    expect(wire.sent).toMatchObject([
      { kind: 0x0b, to: undefined, npdu: to },
      { kind: 0x0a, to: ROUTER, npdu: to },
    ]);
    carrier.forget('net:7:0c');
    ask('net:7:0c');
    expect(wire.sent[2]).toMatchObject({ kind: 0x0b, to: undefined });
  });

  test('is asked by way of the router that the profile names, or that names itself, until it refuses', () => {
    const { wire, ask } = carried({ routers: new Map([[8, OTHER]]) });
    wire.emit('message', encodeDatagram(0x0b, hex('01 80 01 0007 0008')), ROUTER);
    ask('net:7:0c');
    ask('net:8:0c');
    wire.emit('message', encodeDatagram(0x0a, hex('01 80 03 01 0007')), ROUTER);
    ask('net:7:0c');
    expect(wire.sent.map(({ to }) => to)).toEqual([ROUTER, OTHER, undefined]);
  });

  test('is looked for by way of the BBMD where the agent is a foreign device', () => {
    const { wire, ask } = carried({ bbmd: OTHER });
    ask('net:7:0c');
    ask(undefined, 0x0b);
    expect(wire.sent).toMatchObject([
      { kind: 0x09, to: OTHER, npdu: { to: DEVICE } },
      { kind: 0x09, to: OTHER, npdu: { to: 'all' } },
    ]);
  });
});

test('what a BBMD hands on comes from who said it, not from the BBMD', () => {
  const { wire, heard } = carried();
  const iAm = hex('10 00 c4020003e9 2205c4 9103 2101');
  const npdu = Buffer.concat([hex('0a000009bac1'), hex('01 00'), iAm]);
  wire.emit('message', encodeDatagram(0x04, npdu), ROUTER);
  expect(heard).toEqual([{ apdu: iAm, sender: '10.0.0.9:47809' }]);
});

test('our own search for a router, come back to us, is not taken for a request', () => {
  const { wire, heard } = carried();
  wire.emit(
    'message',
    encodeDatagram(0x0b, encodeNpdu({ expects_reply: true, to: DEVICE, data: hex('0275 01 0e') })),
    OTHER,
  );
  expect(heard).toEqual([]);
});

/** Against the library itself. */
async function network(use: (network: Network, wire: Wire) => Promise<void>): Promise<void> {
  const wire = new Wire();
  const settings = connectionSettings({ name: 'n', protocol: 'bacnet', timeout_ms: 60_000 });
  const failed = (error: Error): void => {
    throw error;
  };
  const one = new Network(settings, { failed, notified: () => undefined }, wire);
  try {
    await use(one, wire);
  } finally {
    one.close();
  }
}
const VALUE = { object: { type: 0, instance: 1 }, properties: [{ id: 85, index: 0xffffffff }] };
/** Analog input 1, present value 21.5. */
const ANSWER = hex('0c00000001 1e 2955 4e 44 41ac0000 4f 1f');
const invokeOf = (wire: Wire): number => wire.sent.at(-1)?.npdu?.data[2] ?? -1;

test('a device that breaks off in the middle of an answer leaves the others their answers in segments', () =>
  network(async (one, wire) => {
    const first = one.read('net:7:0c', [VALUE], false).catch((error: unknown) => error);
    wire.say(ROUTER, segment(invokeOf(wire), 0, true, 'x'), DEVICE);
    wire.say(ROUTER, segment(invokeOf(wire), 1, true, 'x'), DEVICE);
    const second = one.read(OTHER, [VALUE], false);
    const invoke = invokeOf(wire);
    for (const [i, part] of [ANSWER.subarray(0, 9), ANSWER.subarray(9)].entries())
      wire.say(OTHER, Buffer.concat([Buffer.of(i === 0 ? 0x3c : 0x38, invoke, i, 4, 14), part]));
    expect(await second).toMatchObject([{ object: VALUE.object, values: [{ id: 85, value: [{ value: 21.5 }] }] }]);
    one.close();
    expect(await first).toMatchObject({ kind: 'closed' });
  }));

test('an answer that the library would go round in for ever is a bad answer', () =>
  network(async (one, wire) => {
    const read = one.read(OTHER, [VALUE], false);
    const looping = hex('0c00000001 1e 2917 4e f1b8 ac0000 4f 1f');
    wire.say(OTHER, Buffer.concat([Buffer.of(0x30, invokeOf(wire), 14), looping]));
    await expect(read).rejects.toMatchObject({ kind: 'bad-response' });
  }));

test('an answer that is not well formed is a bad answer at once, not silence', () =>
  network(async (one, wire) => {
    const read = one.read(OTHER, [VALUE], false);
    wire.say(OTHER, Buffer.concat([Buffer.of(0x30, invokeOf(wire), 14), ANSWER.subarray(0, 9)]));
    await expect(read).rejects.toMatchObject({ kind: 'bad-response' });
    expect(one.counters()).toMatchObject({ broken: 1 });
  }));
