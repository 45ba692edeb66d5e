import { Encoder, schemas } from '../../../../schemas/codec';
import { type TelemetryFrame } from '../../../../schemas/generated';
import { containerHeader } from '../../../../services/domain/ingest/container';
import { EARLIEST_MS, Judge, MAX_AHEAD_MS, type Verdict, type Writer } from '../../../../services/domain/ingest/judge';
import { compileWalker } from '../../../../services/domain/ingest/walker';

const NOW = Date.UTC(2026, 5, 1);
const schema = schemas['telemetry-frame'];
const writers = new Map<number, Writer>([
  [1, { walker: compileWalker(schema), header: containerHeader(schema) }],
  [2, { code: 'wrong-schema', reason: 'not readable as telemetry-frame' }],
  [3, { code: 'unknown-schema', reason: 'schema 3 is not in the registry' }],
]);
const judge = (value: Buffer | null, compacted = false): Verdict =>
  new Judge((id) => writers.get(id), compacted).judge(value, NOW);

const encoder = new Encoder('telemetry-frame');
function framed(change: Partial<TelemetryFrame> = {}, schemaId = 1): Buffer {
  const frame: TelemetryFrame = {
    ...{ tenant: 't', device_id: 'd', agent_id: 'a', seq: 1, ts: NOW, received_at: NOW, clock_offset_ms: 0 },
    ...{ series: [{ metric: 'm', dt: [0, 1], value: [1, 2], quality: [] }], text_series: [], int_series: [] },
    ...change,
  };
  return encoder.encodeFramed(schemaId, frame);
}
const series = (dt: number[]) => ({ series: [{ metric: 'm', dt, value: dt, quality: [] }] });
const good = framed();

const shown = (v: Verdict): string =>
  v.kind === 'poison' ? `poison: ${v.poison.code}` : v.kind === 'good' ? `good: ${v.rows}` : v.kind;

test.each([
  ['a frame', good, 'good: 2'],
  ['a frame without readings', framed({ series: [] }), 'good: 0'],
  ['a schema that was never seen', framed({}, 9), 'needs-schema'],
  ['a schema that is not in the registry', framed({}, 3), 'poison: unknown-schema'],
  ['another record’s schema', framed({}, 2), 'poison: wrong-schema'],
  ['no header', Buffer.from('{"tenant":"t"}'), 'poison: undecodable'],
  ['too few bytes for a header', Buffer.from([0, 0, 0, 1]), 'poison: undecodable'],
  ['nothing after the header', good.subarray(0, 5), 'poison: truncated'],
  ['a body cut in the middle of an array', good.subarray(0, good.length - 12), 'poison: truncated'],
  ['a body with a byte left over', Buffer.concat([good, Buffer.of(0)]), 'poison: undecodable'],
  [
    'arrays of different lengths',
    framed({ series: [{ metric: 'm', dt: [1], value: [], quality: [] }] }),
    'poison: undecodable',
  ],
  ['the first moment', framed({ ts: EARLIEST_MS }), 'good: 2'],
  ['a clock that was never set', framed({ ts: EARLIEST_MS - 1 }), 'poison: out-of-range'],
  ['one reading before the first moment', framed({ ts: EARLIEST_MS, ...series([0, -1]) }), 'poison: out-of-range'],
  ['a clock a year ahead', framed({ ts: NOW + MAX_AHEAD_MS, ...series([0]) }), 'good: 1'],
  ['a clock further ahead', framed({ ts: NOW + MAX_AHEAD_MS, ...series([0, 1]) }), 'poison: out-of-range'],
  ['a receive time of 1970', framed({ received_at: 5 }), 'poison: out-of-range'],
  ['a time no date can hold', framed({ ts: 2 ** 52, ...series([2 ** 52]) }), 'poison: out-of-range'],
  ['no tenant', framed({ tenant: '' }), 'poison: out-of-range'],
  ['no device', framed({ device_id: '' }), 'poison: out-of-range'],
])('%s is %3$s', (_, value, expected) => {
  expect(shown(judge(value))).toBe(expected);
});

test('no value is a tombstone of a compacted topic, and poison elsewhere', () => {
  expect(shown(judge(null, true))).toBe('empty');
  expect(shown(judge(null))).toBe('poison: undecodable');
});

test('every reason says what was found', () => {
  const verdict = judge(framed({ ts: EARLIEST_MS - 1000 }));
  expect(verdict).toEqual({
    kind: 'poison',
    poison: { code: 'out-of-range', reason: 'readings from 1999-12-31T23:59:59.000Z to 1999-12-31T23:59:59.001Z' },
  });
});
