import * as fc from 'fast-check';
import { ConvertError, maskOf, readerOf, writerOf } from '../../../../edge-agent/adapters/modbus/convert';
import { type ModbusSource } from '../../../../edge-agent/adapters/modbus/settings';
import { type FieldValue } from '../../../../edge-agent/adapter';

const COUNTS = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
  bool: 1,
  bits: 1,
};

function source(type: ModbusSource['type'], more: Partial<ModbusSource> = {}): ModbusSource {
  const count = type === 'string' ? 4 : COUNTS[type];
  const rest = { bit: 0, bit_count: 1, word_order: 'big', byte_order: 'big' } as const;
  return { table: 'holding-register', address: 0, type, count, ...rest, ...more };
}

const hex = (s: string): Buffer => Buffer.from(s.replaceAll(' ', ''), 'hex');

// 123456.0 as float32 is 47F12000; word/byte order as PLC manuals call them.
const ORDERS = [
  ['ABCD', 'big', 'big', '47F1 2000'],
  ['CDAB', 'little', 'big', '2000 47F1'],
  ['BADC', 'big', 'little', 'F147 0020'],
  ['DCBA', 'little', 'little', '0020 F147'],
] as const;

test.each(ORDERS)('float32 in order %s', (_, word_order, byte_order, registers) => {
  const s = source('float32', { word_order, byte_order });
  expect(readerOf(s)(hex(registers), 0)).toBe(123_456);
  expect(writerOf(s)(123_456)).toEqual(hex(registers));
});

const WIDE = [
  ['ABCDEFGH', 'big', 'big', '0102 0304 0506 0708'],
  ['GHEFCDAB', 'little', 'big', '0708 0506 0304 0102'],
  ['BADCFEHG', 'big', 'little', '0201 0403 0605 0807'],
  ['HGFEDCBA', 'little', 'little', '0807 0605 0403 0201'],
] as const;

test.each(WIDE)('uint64 in order %s', (_, word_order, byte_order, registers) => {
  const s = source('uint64', { word_order, byte_order });
  expect(readerOf(s)(hex(registers), 0)).toBe(0x0102030405060708n);
  expect(writerOf(s)(0x0102030405060708n)).toEqual(hex(registers));
});

const VALUES: readonly [ModbusSource['type'], string, FieldValue][] = [
  ['uint16', 'FFFF', 65_535],
  ['int16', 'FFFF', -1],
  ['int16', '8000', -32_768],
  ['uint32', 'FFFFFFFF', 4_294_967_295],
  ['int32', 'FFFFFFFE', -2],
  ['int64', 'FFFFFFFFFFFFFFFF', -1n],
  ['uint64', 'FFFFFFFFFFFFFFFF', 2n ** 64n - 1n],
  ['float32', '42280000', 42],
  ['float64', '3FB999999999999A', 0.1],
  ['float64', '7FF0000000000000', Infinity],
];
test.each(VALUES)('%s %s is %s, both ways', (type, registers, value) => {
  expect(readerOf(source(type))(hex(registers), 0)).toBe(value);
  expect(writerOf(source(type))(value)).toEqual(hex(registers));
});

test('values are read at their offset', () => {
  expect(readerOf(source('uint16'))(hex('0001 0002 0003'), 4)).toBe(3);
  expect(readerOf(source('uint32', { word_order: 'little' }))(hex('FFFF 0002 0001'), 2)).toBe(0x10002);
});

describe('text', () => {
  const read = (registers: string, more: Partial<ModbusSource> = {}): FieldValue =>
    readerOf(source('string', { count: hex(registers).length / 2, ...more }))(hex(registers), 0);

  test('ends at the first NUL, trailing blanks are cut', () => {
    expect(read(Buffer.from('AB\0xCD  ').toString('hex'))).toBe('AB');
    expect(read(Buffer.from('AB C    ').toString('hex'))).toBe('AB C');
  });

  test('bytes swapped in their registers', () => {
    expect(read(Buffer.from('BADC').toString('hex'), { byte_order: 'little' })).toBe('ABCD');
  });

  test('UTF-8 where valid, Latin-1 otherwise', () => {
    expect(read('C3A4 0000')).toBe('ä');
    expect(read('E400')).toBe('ä');
  });

  test('is padded with NUL when written, and too long is refused', () => {
    expect(writerOf(source('string'))('AB')).toEqual(hex('4142000000000000'));
    expect(() => writerOf(source('string'))('123456789')).toThrow(ConvertError);
  });
});

describe('bits of a register', () => {
  test.each([
    [0, 1, 1],
    [1, 1, 0],
    [4, 4, 0b1010],
    [15, 1, 1],
    [0, 16, 0x80a1],
  ])('from %i, %i of them', (bit, bit_count, value) => {
    expect(readerOf(source('bits', { bit, bit_count }))(hex('80A1'), 0)).toBe(value);
  });

  test('one as true or false', () => {
    expect(readerOf(source('bool', { bit: 15 }))(hex('80A1'), 0)).toBe(true);
    expect(readerOf(source('bool', { bit: 14 }))(hex('80A1'), 0)).toBe(false);
  });

  test('the mask changes them and nothing else', () => {
    const register = fc.integer({ min: 0, max: 0xffff });
    const field = fc
      .integer({ min: 0, max: 15 })
      .chain((bit) => fc.record({ bit: fc.constant(bit), bit_count: fc.integer({ min: 1, max: 16 - bit }) }));
    fc.assert(
      fc.property(register, field, register, fc.constantFrom('big', 'little'), (before, f, n, byte_order) => {
        const s = source('bits', { ...f, byte_order: byte_order as 'big' });
        const value = n & (2 ** f.bit_count - 1);
        const { and, or } = maskOf(s, value);
        // What a device does with function 22.
        const after = Buffer.alloc(2);
        after.writeUInt16BE((before & and) | (or & ~and & 0xffff));
        expect(readerOf(s)(after, 0)).toBe(value);
        const others = readerOf(source('bits', { bit_count: 16, byte_order: byte_order as 'big' }));
        const old = Buffer.alloc(2);
        old.writeUInt16BE(before);
        const kept = ~((2 ** f.bit_count - 1) << f.bit) & 0xffff;
        expect(Number(others(after, 0)) & kept).toBe(Number(others(old, 0)) & kept);
      }),
    );
  });
});

const REFUSED: readonly [ModbusSource['type'], FieldValue][] = [
  ['uint16', -1],
  ['uint16', 65_536],
  ['int16', 32_768],
  ['uint32', 2 ** 32],
  ['int64', 2n ** 63n],
  ['uint64', -1n],
  ['uint64', NaN],
  ['uint16', NaN],
  ['uint16', 'one'],
  ['float32', 'one'],
  ['string', 1],
];
test.each(REFUSED)('%s cannot hold %p', (type, value) => {
  expect(() => writerOf(source(type))(value)).toThrow(ConvertError);
});

test('what is written is what is read, in every type and order', () => {
  const order = fc.constantFrom<'big' | 'little'>('big', 'little');
  const value = fc.oneof(
    fc.record({ type: fc.constant('int16' as const), v: fc.integer({ min: -32_768, max: 32_767 }) }),
    fc.record({ type: fc.constant('uint16' as const), v: fc.integer({ min: 0, max: 65_535 }) }),
    fc.record({ type: fc.constant('int32' as const), v: fc.integer() }),
    fc.record({ type: fc.constant('uint32' as const), v: fc.nat(2 ** 31 - 1) }),
    fc.record({ type: fc.constant('int64' as const), v: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ type: fc.constant('uint64' as const), v: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({ type: fc.constant('float32' as const), v: fc.float({ noNaN: true }) }),
    fc.record({ type: fc.constant('float64' as const), v: fc.double({ noNaN: true }) }),
  );
  fc.assert(
    fc.property(value, order, order, ({ type, v }, word_order, byte_order) => {
      const s = source(type, { word_order, byte_order });
      expect(readerOf(s)(writerOf(s)(v), 0)).toBe(v);
    }),
  );
});
