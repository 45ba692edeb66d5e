import fc from 'fast-check';
import { blockOf, blockOption, MAX_TRANSFERS, Transfers } from '../../../../edge-agent/adapters/coap/blocks';
import {
  CODE,
  CoapError,
  decode,
  encode,
  type Message,
  NOTHING,
  OPTION,
  textsOf,
  uint,
  uintOf,
  uriOptions,
} from '../../../../edge-agent/adapters/coap/codec';
import { LIFETIME_MS, MAX_REMEMBERED, Memory } from '../../../../edge-agent/adapters/coap/memory';
import { isNewer } from '../../../../edge-agent/adapters/coap/plan';

const POST: Message = { type: 'con', code: CODE.post, id: 7, token: NOTHING, options: [], payload: NOTHING };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('RFC 7252, figure 16: GET /temperature and its answer', () => {
  const get = { ...POST, code: CODE.get, id: 0x7d34, options: uriOptions('/temperature') };
  const bytes = hex('40 01 7d34 bb 74656d7065726174757265');
  expect(encode(get)).toEqual(bytes);
  expect(decode(bytes)).toEqual(get);
  const answer = decode(hex('60 45 7d34 ff 32322e33 2043'));
  expect([answer.type, answer.code, answer.payload.toString()]).toEqual(['ack', CODE.content, '22.3 C']);
});

const option = fc.record({
  number: fc.nat(2_000),
  value: fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)),
});
const message = fc.record({
  type: fc.constantFrom('con' as const, 'non' as const, 'ack' as const, 'rst' as const),
  code: fc.integer({ min: 1, max: 255 }),
  id: fc.nat(0xffff),
  token: fc.uint8Array({ maxLength: 8 }).map((b) => Buffer.from(b)),
  options: fc.array(option, { maxLength: 10 }).map((o) => o.sort((a, b) => a.number - b.number)),
  payload: fc.uint8Array({ maxLength: 100 }).map((b) => Buffer.from(b)),
});

test('what is written is read again', () => {
  fc.assert(fc.property(message, (m) => expect(decode(encode(m))).toEqual(m)));
});

test('bytes that are no message are refused with CoapError, and nothing else', () => {
  const attempt = (bytes: Uint8Array): void => {
    try {
      decode(Buffer.from(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(CoapError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), attempt), { numRuns: 2_000 });
  fc.assert(fc.property(message, fc.nat(200), (m, cut) => attempt(encode(m).subarray(0, cut))));
});

test.each([
  ['shorter than a header', '40 01 7d'],
  ['another version', '80 01 7d34'],
  ['a token that is too long', '49 01 7d34 010203040506070809'],
  ['a token that is cut off', '44 01 7d34 01'],
  ['a reserved delta', '40 01 7d34 f0'],
  ['an option that is cut off', '40 01 7d34 b5 61'],
  ['a marker without payload', '40 01 7d34 ff'],
  ['an empty message with a token', '41 00 7d34 01'],
])('%s is refused', (_, bytes) => expect(() => decode(hex(bytes))).toThrow(CoapError));

test.each([0, 1, 255, 256, 65_536, 4_294_967_295])('%d as an option, in as few bytes as it needs', (n) => {
  const made = uint(OPTION.maxAge, n);
  expect(uintOf({ options: [made] }, OPTION.maxAge)).toBe(n);
  expect(made.value[0]).not.toBe(0);
});

test('a path and its query are options, decoded', () => {
  const options = uriOptions('/v1/a%2Fb?token=x&y=1');
  expect(textsOf({ options }, OPTION.uriPath)).toEqual(['v1', 'a/b']);
  expect(textsOf({ options }, OPTION.uriQuery)).toEqual(['token=x', 'y=1']);
});

const block = (num: number, more: boolean, payload: Buffer, szx = 0): Message => ({
  ...POST,
  options: [blockOption(OPTION.block1, { num, more, szx })],
  payload,
});
const FULL = Buffer.alloc(16, 'a');
const last = Buffer.from('end');

describe('a body in blocks', () => {
  test('is put together, each block answered with what it was', () => {
    const transfers = new Transfers(1_000);
    expect(transfers.take('p', block(0, true, FULL), 0)).toMatchObject({ kind: 'answer', code: CODE.continue });
    expect(transfers.take('p', block(1, true, FULL), 1)).toMatchObject({ code: CODE.continue });
    const whole = transfers.take('p', block(2, false, last), 2);
    expect(whole).toMatchObject({ kind: 'whole', body: Buffer.concat([FULL, FULL, last]) });
    expect(blockOf({ ...POST, options: whole.options }, OPTION.block1)).toEqual({ num: 2, more: false, szx: 0 });
    expect(transfers.size).toBe(0);
  });

  test.each([
    ['that skips one', [block(0, true, FULL), block(2, false, last)], CODE.incomplete],
    ['that never began', [block(1, false, last)], CODE.incomplete],
    ['that grows too long', [block(0, true, FULL), block(1, true, FULL), block(2, false, FULL)], CODE.tooLarge],
    ['too long in one', [{ ...POST, payload: Buffer.alloc(41) }], CODE.tooLarge],
  ])('%s is refused and forgotten', (_, blocks, code) => {
    const transfers = new Transfers(40);
    const answers = blocks.map((b, i) => transfers.take('p', b, i));
    expect(answers.at(-1)).toMatchObject({ kind: 'answer', code });
    expect(transfers.size).toBe(0);
  });

  test('begins anew with its first block, and a block that is not full is an error', () => {
    const transfers = new Transfers(1_000);
    transfers.take('p', block(0, true, FULL), 0);
    transfers.take('p', block(0, true, FULL), 0);
    expect(transfers.take('p', block(1, false, last), 0)).toMatchObject({ body: Buffer.concat([FULL, last]) });
    expect(() => transfers.take('p', block(0, true, last), 0)).toThrow(CoapError);
    expect(() => transfers.take('p', block(0, true, last, 7), 0)).toThrow(CoapError);
  });

  test('is one of so many: the oldest gives way', () => {
    const transfers = new Transfers(1_000);
    for (let i = 0; i < 3 * MAX_TRANSFERS; i++) transfers.take(`p${i}`, block(0, true, FULL), i);
    expect(transfers.size).toBe(MAX_TRANSFERS);
    expect(transfers.take('p0', block(1, false, last), 0)).toMatchObject({ code: CODE.incomplete });
  });
});

describe('messages that came before', () => {
  test('are answered as before while their id stands for them', () => {
    const memory = new Memory();
    expect(memory.judge('p#1', 0)).toEqual({ kind: 'new' });
    memory.begin('p#1', 0);
    expect(memory.judge('p#1', 1)).toEqual({ kind: 'again', answer: undefined });
    memory.answered('p#1', FULL);
    expect(memory.judge('p#1', LIFETIME_MS)).toEqual({ kind: 'again', answer: FULL });
    expect(memory.judge('p#1', LIFETIME_MS + 1)).toEqual({ kind: 'new' });
    expect(memory.judge('q#1', 1)).toEqual({ kind: 'new' });
  });

  test('are remembered up to a bound, the newest', () => {
    const memory = new Memory();
    for (let i = 0; i <= MAX_REMEMBERED; i++) memory.begin(`p#${i}`, 0);
    expect([memory.size, memory.judge('p#0', 0).kind, memory.judge('p#1', 0).kind]).toEqual([
      ...[MAX_REMEMBERED, 'new', 'again'],
    ]);
  });
});

test.each([
  [1, 2, 0, true],
  [2, 1, 0, false],
  [2, 2, 0, false],
  [2 ** 24 - 1, 0, 0, true],
  [2, 1, 129_000, true],
])('RFC 7641, 3.4: after %d comes %d, %d ms later: newer %p', (before, seq, later_ms, newer) => {
  expect(isNewer(seq, later_ms, { seq: before, at_ms: 0 })).toBe(newer);
});
