/**
 * Hostile bytes into every codec that reads a wire, seeded: each input is noise, or something valid with bytes changed, cut or
 * doubled. A codec may refuse with its own error; anything else, a long time, or memory that grows is a failure. Each codec is fuzzed
 * in a process of its own: memory is then its own, and one that never comes back is ended.
 *
 *   node dist/test/bench/fuzz.js [--inputs 1000000] [--seed 1] [--only sparkplug] [--json]
 */
import { fork } from 'node:child_process';
import { setImmediate as others } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { type Target } from './fuzz/target';
import { TARGETS } from './fuzz/targets';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    /** Fuzzes one codec in this process. */
    codec: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

/** No input of a few hundred bytes takes so long unless something hangs, ms. */
const MAX_INPUT_MS = 1_000;
const MAX_GROWTH_MB = 200;
const MAX_NOISE_BYTES = 256;
/** Inputs between two signs of life. */
const STEP = 1_000;
/** Without a sign of life for so long a codec hangs, ms. */
const MAX_SILENCE_MS = 300_000;

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

async function run(target: Target, inputs: number, seed: number, alive: (inputs: number) => void): Promise<Figures> {
  const random = numbers(seed);
  const before = process.memoryUsage.rss();
  let [refused, slowest_ms, peak] = [0, 0, before];
  const begun = performance.now();
  const read = async (bytes: Buffer, i: number): Promise<number> => {
    const start = performance.now();
    try {
      const reading = target.read(bytes);
      if (reading) await reading;
    } catch (error) {
      if (!target.refuses(error))
        throw new Error(`${target.name}, seed ${seed}, input ${i}: ${bytes.toString('hex')}`, { cause: error });
      refused++;
    }
    return performance.now() - start;
  };
  for (let i = 0; i < inputs; i++) {
    const bytes = hostile(target.seeds, random);
    let took_ms = await read(bytes, i);
    // A busy machine may have stopped us in the middle of one: what is slow is slow again.
    if (took_ms > MAX_INPUT_MS) took_ms = await read(bytes, i);
    slowest_ms = Math.max(slowest_ms, took_ms);
    if (slowest_ms > MAX_INPUT_MS) throw new Error(`${target.name}: ${slowest_ms} ms for ${bytes.toString('hex')}`);
    if (i % STEP !== 0) continue;
    peak = Math.max(peak, process.memoryUsage.rss());
    alive(i);
    await others();
  }
  const wall_s = (performance.now() - begun) / 1_000;
  const growth_mb = Math.round((Math.max(peak, process.memoryUsage.rss()) - before) / 1e6);
  if (growth_mb > MAX_GROWTH_MB) throw new Error(`${target.name}: memory grew by ${growth_mb} MB`);
  const figures = { codec: target.name, inputs, refused, inputs_per_s: Math.round(inputs / wall_s) };
  return { ...figures, slowest_ms: Math.round(10 * slowest_ms) / 10, growth_mb };
}

/** What a codec's own process tells. */
type Told = { readonly inputs: number } | { readonly figures: Figures } | { readonly failure: string };

const tell = (told: Told): Promise<void> => new Promise((resolve) => process.send?.(told, () => resolve()));

async function apart({ name }: Target): Promise<Figures> {
  const args = ['--codec', name, '--inputs', values.inputs, '--seed', values.seed];
  // What libraries print about hostile input is nobody's business.
  const child = fork(__filename, args, { stdio: 'ignore' });
  let done = 0;
  let silence: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Figures>((resolve, reject) => {
      const listen = (): void => {
        clearTimeout(silence);
        const hangs = `${name}, seed ${values.seed}: no end of one of the inputs ${done} to ${done + STEP}`;
        silence = setTimeout(() => reject(new Error(hangs)), MAX_SILENCE_MS);
      };
      child.on('message', (told: Told) => {
        listen();
        if ('figures' in told) resolve(told.figures);
        else if ('failure' in told) reject(new Error(told.failure));
        else done = told.inputs;
      });
      child.once('exit', (code, signal) =>
        reject(new Error(`${name}: ended after ${done} inputs (${signal ?? code})`)),
      );
      listen();
    });
  } finally {
    clearTimeout(silence);
    child.kill('SIGKILL');
  }
}

async function main(): Promise<void> {
  const one = TARGETS.find((t) => t.name === values.codec);
  if (one) {
    process.once('disconnect', () => process.exit(1));
    const alive = (inputs: number): void => void tell({ inputs });
    const told = run(one, Number(values.inputs), Number(values.seed), alive).then(
      (figures): Told => ({ figures }),
      (error: unknown): Told => ({ failure: inspect(error) }),
    );
    return tell(await told);
  }
  const figures: Figures[] = [];
  for (const target of TARGETS.filter((t) => t.name.includes(values.only))) figures.push(await apart(target));
  const named = figures.map((f) => ({ bench: 'fuzz', seed: Number(values.seed), ...f }));
  if (values.json) return console.log(JSON.stringify(named));
  console.table(Object.fromEntries(figures.map(({ codec, ...f }) => [codec, f])));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
