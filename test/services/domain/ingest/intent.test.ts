import fc from 'fast-check';
import {
  contentHash,
  decodeIntent,
  encodeIntent,
  insertToken,
  type Intent,
  IntentError,
  MAX_GROUPS,
  MAX_METADATA_BYTES,
  MAX_POISON_TEXT,
  sameContent,
} from '../../../../services/domain/ingest/intent';
import { decodeOffsets, encodeOffsets, OffsetSetError } from '../../../../services/domain/ingest/offset-set';

const group = { schemaId: 7, messages: 3, hash: 'abcdefghijklmnopqrstuv' };
const intent: Intent = {
  from: 100,
  to: 200,
  groups: [group],
  poison: [120, 121, 199],
  first: false,
  at: 1_767_225_600_000,
  shape: 'frames',
};

const offsetSets = fc
  .tuple(fc.nat(1_000_000), fc.uniqueArray(fc.nat(5_000), { maxLength: 200 }))
  .map(([from, gaps]) => ({ from, offsets: gaps.map((g) => from + g).sort((a, b) => a - b) }));

describe('a set of offsets', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(offsetSets, ({ from, offsets }) => {
        const text = encodeOffsets(from, offsets);
        expect(decodeOffsets({ from, to: from + 5_001 }, text)).toEqual(offsets);
      }),
    );
  });

  test('that runs on is short', () => {
    expect(encodeOffsets(0, [5, 6, 7, 20])).toBe('5+3.c');
    expect(
      encodeOffsets(
        0,
        Array.from({ length: 50_000 }, (_, i) => i),
      ),
    ).toBe('0+12kw');
  });

  test.each(['x!', '5+', '.', '1..2', '-3', '5+0', 'zzzzzzzzzzzz'])('is not %j', (text) => {
    expect(() => decodeOffsets({ from: 0, to: 100 }, text)).toThrow(OffsetSetError);
  });

  test('does not leave its range', () => {
    expect(() => decodeOffsets({ from: 0, to: 7 }, '5+3')).toThrow(OffsetSetError);
    expect(() => encodeOffsets(10, [9])).toThrow(OffsetSetError);
    expect(() => encodeOffsets(0, [3, 3])).toThrow(OffsetSetError);
  });
});

describe('an intent', () => {
  test('comes back from its metadata as it was', () => {
    expect(decodeIntent(encodeIntent(intent))).toEqual(intent);
    const first = { ...intent, first: true, poison: [], groups: [] };
    expect(decodeIntent(encodeIntent(first))).toEqual(first);
    const series = { ...intent, shape: 'series' as const };
    expect(decodeIntent(encodeIntent(series))).toEqual(series);
  });

  test('of a release before there were series is one of frames, and a newer shape is no intent of ours', () => {
    const wire = { v: 1, f: 5, t: 9, a: 0, g: [[7, 4, 'h']] };
    expect(decodeIntent(JSON.stringify(wire))).toMatchObject({ from: 5, to: 9, shape: 'frames' });
    expect(decodeIntent(JSON.stringify({ ...wire, v: 2 }))).toMatchObject({ shape: 'series' });
    expect(() => decodeIntent(JSON.stringify({ ...wire, v: 3 }))).toThrow(IntentError);
  });

  test('fits the broker’s bound at its own bounds', () => {
    const groups = Array.from({ length: MAX_GROUPS }, (_, i) => ({
      ...group,
      schemaId: 4_000_000_000 + i,
      messages: 50_000,
    }));
    const poison = Array.from({ length: 700 }, (_, i) => 9e15 + i * 1_000);
    while (encodeOffsets(9e15, poison).length > MAX_POISON_TEXT) poison.pop();
    const text = encodeIntent({ from: 9e15, to: 9e15 + 5e6, groups, poison, first: true, at: 4e12, shape: 'series' });
    expect(text.length).toBeLessThanOrEqual(MAX_METADATA_BYTES);
    expect(Buffer.byteLength(text)).toBe(text.length);
  });

  test('that would be longer is refused rather than cut', () => {
    const groups = Array.from({ length: 200 }, (_, i) => ({ ...group, schemaId: i }));
    expect(() => encodeIntent({ ...intent, groups })).toThrow(IntentError);
  });

  test.each([
    '',
    'null',
    '42',
    '{}',
    '{"v":3,"f":1,"t":2,"a":0,"g":[]}',
    '{"v":1,"f":5,"t":5,"a":0,"g":[]}',
    'x'.repeat(5_000),
  ])('is not read from %p', (text) => expect(() => decodeIntent(text)).toThrow(IntentError));

  test('is never mistaken: no other text decodes to the same content by losing a character', () => {
    const text = encodeIntent(intent);
    for (let i = 0; i < text.length; i++) {
      const broken = text.slice(0, i) + text.slice(i + 1);
      try {
        expect(
          sameContent(decodeIntent(broken), intent) &&
            decodeIntent(broken).poison.length === 3 &&
            /"[ftgx]/.test(text.slice(i - 2, i)),
        ).toBe(false);
      } catch (e) {
        if (!(e instanceof IntentError)) throw e;
      }
    }
  });
});

describe('a token', () => {
  test('names coordinates, schema and content', () => {
    expect(insertToken('m2m.telemetry', 3, intent, group)).toBe('m2m.telemetry:3:100-200:7:abcdefghijklmnopqrstuv');
  });

  test('differs as soon as anything differs', () => {
    const tokens = [
      insertToken('a', 0, intent, group),
      insertToken('b', 0, intent, group),
      insertToken('a', 1, intent, group),
      insertToken('a', 0, { from: 100, to: 201 }, group),
      insertToken('a', 0, intent, { ...group, schemaId: 8 }),
      insertToken('a', 0, intent, { ...group, hash: 'x' }),
    ];
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  test('of the ledger covers every group', () => {
    expect(contentHash({ groups: [group, { ...group, schemaId: 9 }] })).toBe(`7:${group.hash},9:${group.hash}`);
  });
});
