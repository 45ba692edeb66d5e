import { FrameBuilder } from '../../../edge-agent/core/frame-builder';
import { Encoder, typeOf } from '../../../schemas/codec';

const owner = { tenant: 't', device_id: 'd', agent_id: 'a' };

test('readings are grouped by metric and kind, times relative to the first', () => {
  const b = new FrameBuilder(owner);
  b.add('x', { at: 1_000, value: 1.5, quality: 0 });
  b.add('y', { at: 1_001, value: 'ok', quality: 0 });
  b.add('x', { at: 1_100, value: NaN, quality: 66 });
  b.add('z', { at: 999, value: 2n ** 60n, quality: 0 });
  expect(b.readings).toBe(4);
  expect(b.take()).toEqual({
    ...owner,
    seq: 0,
    received_at: 0,
    clock_offset_ms: 0,
    ts: 1_000,
    series: [{ metric: 'x', dt: [0, 100], value: [1.5, NaN], quality: [0, 66] }],
    text_series: [{ metric: 'y', dt: [1], value: ['ok'], quality: [] }],
    int_series: [{ metric: 'z', dt: [-1], value: [2n ** 60n], quality: [] }],
  });
});

test('a metric that grows out of a double is in both series of one frame', () => {
  const b = new FrameBuilder(owner);
  b.add('n', { at: 0, value: 2 ** 53 - 1, quality: 0 });
  b.add('n', { at: 1, value: 2n ** 53n, quality: 0 });
  const frame = b.take();
  expect(frame.series[0]?.value).toEqual([2 ** 53 - 1]);
  expect(frame.int_series[0]?.value).toEqual([2n ** 53n]);
});

test('is empty after it was taken, and a frame taken is not touched again', () => {
  const b = new FrameBuilder(owner);
  b.add('x', { at: 5, value: 1, quality: 0 });
  const first = b.take();
  b.add('x', { at: 9, value: 2, quality: 0 });
  expect(b.readings).toBe(1);
  expect(first.series[0]?.value).toEqual([1]);
  expect(b.take()).toMatchObject({ ts: 9, series: [{ dt: [0], value: [2] }] });
});

test('the frame survives the wire, and is no larger than the builder said', () => {
  const b = new FrameBuilder(owner);
  for (let i = 0; i < 50; i++) {
    b.add(`m${i}`.padEnd(128, '_'), { at: i, value: i / 3, quality: i % 70 });
    b.add('t', { at: i, value: 'ä'.repeat(100), quality: 0 });
    b.add('i', { at: i, value: 2n ** 62n, quality: 0 });
  }
  const { bytes } = b;
  const frame = b.take();
  const body = new Encoder('telemetry-frame').encode(frame);
  expect(body.length).toBeLessThanOrEqual(bytes + 200);
  expect(JSON.stringify(typeOf('telemetry-frame').fromBuffer(body), big)).toBe(JSON.stringify(frame, big));
});

const big = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `${v}n` : v);
