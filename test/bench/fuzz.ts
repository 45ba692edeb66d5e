/**
 * Hostile bytes into every codec that reads a wire, seeded: each input is noise, or something valid with bytes changed, cut or
 * doubled. A codec may refuse with its own error; anything else, a long time, or memory that grows is a failure.
 *
 *   node dist/test/bench/fuzz.js [--inputs 1000000] [--seed 1] [--only sparkplug] [--json]
 */
import { parseArgs } from 'node:util';
import { TARGETS, type Target } from './fuzz/targets';
import { watchRss } from './support/measured';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

/** No input of a few hundred bytes takes so long unless something hangs, ms. */
const MAX_INPUT_MS = 1_000;
const MAX_GROWTH_MB = 200;
const MAX_NOISE_BYTES = 256;

/** xorshift32: the same seed gives the same inputs. */
function numbers(seed: number): (below: number) => number {
  let x = seed | 0 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

function hostile(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  const seed = seeds[random(seeds.length + 1)];
  if (!seed) return Buffer.from(Array.from({ length: random(MAX_NOISE_BYTES) }, () => random(256)));
  const bytes = Buffer.from(seed);
  for (let changes = 1 + random(4); changes > 0 && bytes.length > 0; changes--)
    bytes[random(bytes.length)] = random(256);
  if (random(4) === 0) return bytes.subarray(0, random(bytes.length + 1));
  return random(8) === 0 ? Buffer.concat([bytes, bytes.subarray(random(bytes.length + 1))]) : bytes;
}

interface Figures {
  readonly codec: string;
  readonly inputs: number;
  readonly refused: number;
  readonly inputs_per_s: number;
  readonly slowest_ms: number;
  readonly growth_mb: number;
}

function run(target: Target, inputs: number, seed: number): Figures {
  const random = numbers(seed);
  const before = process.memoryUsage.rss();
  const peak = watchRss();
  let [refused, slowest_ms] = [0, 0];
  const begun = performance.now();
  for (let i = 0; i < inputs; i++) {
    const bytes = hostile(target.seeds, random);
    const start = performance.now();
    try {
      target.read(bytes);
    } catch (error) {
      if (!target.refuses(error))
        throw new Error(`${target.name}, seed ${seed}, input ${i}: ${bytes.toString('hex')}`, { cause: error });
      refused++;
    }
    slowest_ms = Math.max(slowest_ms, performance.now() - start);
    if (slowest_ms > MAX_INPUT_MS) throw new Error(`${target.name}: ${slowest_ms} ms for ${bytes.toString('hex')}`);
  }
  const wall_s = (performance.now() - begun) / 1_000;
  const growth_mb = Math.round((peak() - before) / 1e6);
  if (growth_mb > MAX_GROWTH_MB) throw new Error(`${target.name}: memory grew by ${growth_mb} MB`);
  const figures = { codec: target.name, inputs, refused, inputs_per_s: Math.round(inputs / wall_s) };
  return { ...figures, slowest_ms: Math.round(10 * slowest_ms) / 10, growth_mb };
}

const figures = TARGETS.filter((t) => t.name.includes(values.only)).map((t) =>
  run(t, Number(values.inputs), Number(values.seed)),
);
if (values.json) console.log(JSON.stringify(figures.map((f) => ({ bench: 'fuzz', seed: Number(values.seed), ...f }))));
else console.table(Object.fromEntries(figures.map(({ codec, ...f }) => [codec, f])));
