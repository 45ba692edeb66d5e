import fc from 'fast-check';
import { encode } from 'cbor-x';
import {
  at,
  decodePayload,
  encodePayload,
  PayloadError,
  steps,
  timeOf,
  valueOf,
} from '../../../../edge-agent/wire/payload';
import { compileTopic, fill, templateFault } from '../../../../edge-agent/wire/mqtt/topic';

const FORMATS = ['json', 'cbor', 'number', 'text'] as const;
const KINDS = ['number', 'int64', 'boolean', 'text'] as const;

test('hostile bytes are a PayloadError or a value, never anything else', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FORMATS), fc.uint8Array({ maxLength: 64 }), (format, bytes) => {
      try {
        const data = decodePayload(format, Buffer.from(bytes));
        for (const kind of KINDS) valueOf(kind, at(data, ['a']));
      } catch (error) {
        expect(error).toBeInstanceOf(PayloadError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('64-bit integers survive JSON and CBOR', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (n) => {
      expect(valueOf('int64', at(decodePayload('json', Buffer.from(`{"n": ${n}, "s": "1${n}x"}`)), ['n']))).toBe(n);
      expect(valueOf('int64', decodePayload('cbor', Buffer.from(encode(n))))).toBe(n);
      expect(valueOf('int64', decodePayload('number', Buffer.from(String(n))))).toBe(n);
    }),
  );
});

test('digits inside texts of a message stay as they are', () => {
  const text = '{"a":"12345678901234567890 \\" 12345678901234567","b":1.2345678901234567,"c":12345678901234567e2}';
  expect(decodePayload('json', Buffer.from(text))).toEqual(JSON.parse(text));
});

test.each([
  ['number', '1e3', 1_000],
  ['number', '0x10', undefined],
  ['number', '', undefined],
  ['number', [], undefined],
  ['int64', 1.5, undefined],
  ['int64', '1234567890123456789012', undefined],
  ['boolean', 'Off', false],
  ['boolean', 2, undefined],
  ['text', 5, '5'],
  ['text', {}, undefined],
] as const)('as %s, %j is %p', (kind, data, value) => {
  expect(valueOf(kind, data)).toBe(value);
});

test.each([
  ['s', 1_700_000_000.5, 1_700_000_000_500],
  ['ns', '1700000000123456789', 1_700_000_000_123],
  ['iso', '2023-11-14T22:13:20.5Z', 1_700_000_000_500],
  ['iso', '2023-11-14', undefined],
  ['ms', -1, undefined],
  ['ms', 9e15, undefined],
] as const)('time in %s: %p', (unit, data, ms) => {
  expect(timeOf(unit, data, 1_700_000_100_000)).toBe(ms);
});

test('what is written is a value bare or at its place', () => {
  expect(encodePayload('json', steps('/a/b~1c'), 7).toString()).toBe('{"a":{"b/c":7}}');
  expect(encodePayload('json', [], 2n ** 63n).toString()).toBe('9223372036854775808');
  expect(encodePayload('text', [], true).toString()).toBe('true');
  expect(decodePayload('cbor', encodePayload('cbor', ['v'], 1.5))).toEqual({ v: 1.5 });
});

test.each(['a/{b}/+/#', 'a', '+/{x_1}', '#'])('%s is a template', (t) => expect(templateFault(t)).toBeUndefined());
test.each(['a/#/b', 'a/b+', '{a}x', '{a}/{a}', '{A}', 'a{'])('%s is none', (t) =>
  expect(templateFault(t)).toBeDefined(),
);

test('topics are matched level by level, those of the broker itself only by name', () => {
  const { filter, match } = compileTopic('fleet/{region}/+/{machine}/#');
  expect(filter).toBe('fleet/+/+/+/#');
  expect(match('fleet/north/x/m-1/a/b')).toEqual({ region: 'north', machine: 'm-1' });
  expect(match('fleet/north/x/m-1')).toEqual({ region: 'north', machine: 'm-1' });
  expect(match('fleet/north/x')).toBeUndefined();
  expect(compileTopic('#').match('$SYS/x')).toBeUndefined();
  expect(fill('{machine}.{region}', { machine: 'm', region: 'r' })).toBe('m.r');
  expect(fill('{constructor}', {})).toBeUndefined();
});
