import { streams } from 'avsc';
import fc from 'fast-check';
import { Encoder, schemas } from '../../../../schemas/codec';
import { container, containerHeader, long } from '../../../../services/domain/ingest/container';

const encoder = new Encoder('outbox-gap');
const gap = (n: number) => ({
  ...{ tenant: 't', device_id: `d${n}`, agent_id: 'a', from_seq: n, to_seq: n + 1, readings: 2 },
  ...{ reason: 'disk-full', at: 1_767_225_600_000, seq: n % 2 ? n : null },
});

/** Reads the container with a library that knows nothing of ours. */
async function read(bytes: Buffer): Promise<unknown[]> {
  const decoder = new streams.BlockDecoder();
  const found: unknown[] = [];
  decoder.on('data', (r: unknown) => void found.push(r));
  const ended = new Promise((resolve, reject) => decoder.on('end', resolve).on('error', reject));
  decoder.end(bytes);
  await ended;
  return found;
}

test('bodies put into a container are read as the records they were', async () => {
  const bodies = [1, 2, 3].map((n) => encoder.encode(gap(n)));
  const bytes = bodies.reduce((sum, b) => sum + b.length, 0);
  const made = container(containerHeader(schemas['outbox-gap']), bodies, bytes);
  const plain = JSON.parse(JSON.stringify(await read(made.whole))) as { device_id: string }[];
  expect(plain.map((r) => r.device_id)).toEqual(['d1', 'd2', 'd3']);
  expect(made.bodies).toEqual(Buffer.concat(bodies));
});

test('the header leaves out what the engine does not need', () => {
  const header = containerHeader(schemas['telemetry-frame']).toString('latin1');
  expect(header).not.toContain('"doc"');
  expect(header.length).toBeLessThan(1_600);
});

test.each([
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [63, '7e'],
  [64, '8001'],
  [-64, '7f'],
  [2 ** 53 - 1, 'feffffffffffff1f'],
])('long %d is %s', (n, hex) => {
  expect(long(n).toString('hex')).toBe(hex);
});

test('any long comes back', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      let value = 0n;
      long(n).forEach((b, i) => (value |= BigInt(b & 0x7f) << BigInt(7 * i)));
      return Number((value >> 1n) ^ -(value & 1n)) === n;
    }),
  );
});
