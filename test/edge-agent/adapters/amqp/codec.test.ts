/** The codec against npm rhea's, and what a broker may send that is not AMQP. */
import { message as rhea, types as rheaTypes } from 'rhea';
import {
  CODE,
  decodeMessage,
  emptyFrame,
  encodeMessage,
  frame,
  FrameReader,
  protocolHeader,
} from '../../../../edge-agent/adapters/amqp/codec';
import { AmqpError, Described, Reader, write } from '../../../../edge-agent/adapters/amqp/types';

const valueOf = (hex: string): unknown => new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex')).value();

test.each([
  ['null', '40', undefined],
  ['true', '5601', true],
  ['false', '42', false],
  ['small ulong', '5307', 7],
  ['byte', '51ff', -1],
  ['short', '61fffe', -2],
  ['int', '71fffffffd', -3],
  ['float', '723fc00000', 1.5],
  ['double', '82bff8000000000000', -1.5],
  ['long that a double holds', '81001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['ulong that no double holds', '80ffffffffffffffff', 18446744073709551615n],
  ['timestamp', '830000018bcfe56800', 1_700_000_000_000],
  ['text', 'a103 c3bc61', 'üa'],
  ['symbol', 'a302 6869', 'hi'],
  ['binary', 'a002 00ff', Buffer.of(0, 255)],
  ['list', 'c0 04 02 41 5001', [true, 1]],
  ['empty list', '45', []],
  ['map', 'c1 05 02 a10161 41', new Map([['a', true]])],
  ['array of symbols', 'e0 07 02 a3 0161 0262 63', ['a', 'bc']],
  ['described', '00 5375 a00101', new Described(0x75, Buffer.of(1))],
])('reads %s', (_, hex, value) => {
  expect(valueOf(hex)).toEqual(value);
});

test.each([
  ['cut off', 'a10361'],
  ['no such type', '01'],
  ['a list longer than it says', 'c0 03 01 4141'],
  ['a map of half a pair', 'c1 04 01 a10161'],
  ['an array of countless nothings', 'f0 00000005 ffffffff 40'],
  ['text that is no UTF-8', 'a101ff'],
  ['values without end inside each other', '00'.repeat(40)],
])('refuses %s', (_, hex) => {
  expect(() => valueOf(hex)).toThrow(AmqpError);
});

test('writes what rhea reads', () => {
  const bytes = encodeMessage({ subject: 'set', contentType: 'application/json', payload: Buffer.from('{"v":1}') });
  const read = rhea.decode(bytes);
  expect(read).toMatchObject({ durable: true, subject: 'set', content_type: 'application/json' });
  expect((read.body as { content: Buffer }).content.toString()).toBe('{"v":1}');
});

test.each([
  ['data', rhea.data_section(Buffer.from('{"v":1}')), '{"v":1}'],
  ['data in two parts', rhea.data_sections([Buffer.from('{"v"'), Buffer.from(':1}')]), '{"v":1}'],
  ['text', '{"v":1}', '{"v":1}'],
  ['a number', 12.5, '12.5'],
  ['a map', { v: 1, w: [true, null] }, '{"v":1,"w":[true,null]}'],
  ['a long number', { v: rheaTypes.wrap_ulong(Buffer.from('ffffffffffffffff', 'hex')) }, '{"v":18446744073709551615}'],
  ['a sequence', rhea.sequence_section([1, 2]), '[1,2]'],
])('reads a body that is %s', (_, body, payload) => {
  expect(decodeMessage(rhea.encode({ body })).payload.toString()).toBe(payload);
});

test('tells a message by its properties, and whether it may have come before', () => {
  const sent = { message_id: 'm1', to: 'q', subject: 'fleet.m', creation_time: new Date(1_700_000_000_000), body: 'x' };
  const read = decodeMessage(rhea.encode(sent));
  expect(read).toMatchObject({ to: 'q', subject: 'fleet.m', again: true, marks: ['m1', '1700000000000'] });
  expect(decodeMessage(rhea.encode({ ...sent, first_acquirer: true })).again).toBe(false);
  expect(decodeMessage(rhea.encode({ ...sent, first_acquirer: true, delivery_count: 2 })).again).toBe(true);
});

test.each([
  ['nothing but a number', '5001'],
  ['a section cut off', '005375b0000000ff00'],
  ['data that is text', '005375a10161'],
])('refuses a message that is %s', (_, hex) => {
  expect(() => decodeMessage(Buffer.from(hex, 'hex'))).toThrow(AmqpError);
});

test('frames come out the same however the bytes come in', () => {
  const begin = frame('amqp', 3, CODE.begin, [undefined, write.uint(7), write.uint(8)]);
  const transfer = frame('amqp', 0, CODE.transfer, [write.uint(0)], Buffer.from('payload'));
  const outcome = frame('sasl', 0, CODE.outcome, [write.ubyte(0)]);
  const headers = [protocolHeader('sasl'), outcome, protocolHeader('amqp')];
  const stream = Buffer.concat([...headers, begin, emptyFrame(), transfer]);
  const whole = new FrameReader(1_000).feed(stream);
  const reader = new FrameReader(1_000);
  const single = [...stream].flatMap((byte) => reader.feed(Buffer.of(byte)));
  expect(single).toEqual(whole);
  expect(whole.map((p) => (p.kind === 'header' ? p.layer : p.code))).toEqual([
    'sasl',
    0x44,
    'amqp',
    0x11,
    undefined,
    0x14,
  ]);
  expect(whole[3]).toMatchObject({ channel: 3, fields: [undefined, 7, 8] });
  expect(whole[5]).toMatchObject({ payload: Buffer.from('payload') });
});

test.each([
  ['another protocol', '414d515000000901'],
  ['a frame that is too long', '414d515000010000 000003e9 02000000'],
  ['a frame shorter than its head', '414d515000010000 00000004 02000000'],
  ['a body that begins outside', '414d515000010000 00000008 09000000'],
  ['a frame of another type', '414d515000010000 00000009 02070000 40'],
  ['no performative', '414d515000010000 00000009 02000000 40'],
])('refuses %s', (_, hex) => {
  expect(() => new FrameReader(1_000).feed(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(AmqpError);
});
