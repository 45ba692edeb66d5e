/**
 * What projection costs and how fresh it is, beside the engine's own Kafka table and decoding in JavaScript. Real broker,
 * registry and ClickHouse on this machine; CPU-seconds of projector and engine come first, because wall time here is
 * shared with the broker and with this program.
 *
 *   node dist/test/bench/projection.js [--readings 10000000] [--small 4000000] [--burst 5000000] [--fresh 60]
 *     [--model readings|whole] [--only NAMES] [--json]
 */
import { parseArgs } from 'node:util';
import { Bed } from '../services/projector/support/bed';
import { type Burst, burst } from './projection/burst';
import { type Cost, measure, WAYS } from './projection/contenders';
import { fill } from './projection/fill';
import { type Freshness, freshness } from './projection/freshness';
import { type Model } from './projection/models';

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '10000000' },
    small: { type: 'string', default: '4000000' },
    burst: { type: 'string', default: '5000000' },
    fresh: { type: 'string', default: '60' },
    only: { type: 'string' },
    model: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const MODELS: readonly Model[] = values.model ? [values.model as Model] : ['readings', 'whole'];

interface Figures {
  readonly throughput: Record<string, readonly Cost[]>;
  readonly burst?: Burst;
  readonly freshness?: Freshness;
}

void main();

async function main(): Promise<void> {
  const throughput: Record<string, Cost[]> = {};
  for (const [perFrame, readings] of [
    [100, Number(values.readings)],
    [10, Number(values.small)],
  ] as const)
    if (readings > 0)
      await withBed(async (bed) => {
        // The whole of it lies in the log before anybody reads it.
        await fill(bed, perFrame, readings);
        if (!values.json) console.log(`${readings} readings in the log, ${perFrame} a frame`);
        await warmUp(bed, readings);
        for (const model of MODELS) throughput[titleOf(perFrame, model)] = await compare(bed, model, readings);
      });
  const seconds = Number(values.fresh);
  const size = Number(values.burst);
  const figures: Figures = {
    throughput,
    ...(size > 0 && { burst: await withBed((bed) => burst(bed, size)) }),
    ...(seconds > 0 && { freshness: await withBed((bed) => freshness(bed, seconds)) }),
  };
  if (values.json) console.log(JSON.stringify(figures));
  else print(figures);
}

const titleOf = (perFrame: number, model: Model): string =>
  `${perFrame} readings a frame, ${model === 'whole' ? 'into readings, windows and latest values' : 'into readings'}`;

async function withBed<T>(f: (bed: Bed) => Promise<T>): Promise<T> {
  const bed = await Bed.start();
  try {
    return await f(bed);
  } finally {
    await bed.stop();
  }
}

async function compare(bed: Bed, model: Model, readings: number): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const way of WAYS) {
    if (values.only && !values.only.split(',').includes(way.name)) continue;
    costs.push(await measure(bed, way, model, readings));
    if (!values.json) console.log(model, JSON.stringify(costs.at(-1)));
  }
  return costs;
}

/** What the engine does once (takes memory, compiles expressions) is nobody's: the way it knows best pays for it, unmeasured. */
async function warmUp(bed: Bed, readings: number): Promise<void> {
  const own = WAYS.find((way) => way.name === 'kafka table')!;
  await measure(bed, own, 'readings', readings);
}

function print({ throughput, burst: after, freshness: fresh }: Figures): void {
  for (const [shape, costs] of Object.entries(throughput)) {
    console.log(`\n${shape}`);
    const own = costs.find((c) => c.name === 'projector');
    for (const c of costs) {
      const ratio = own && c !== own ? `  projector is ${(c.cpu_s / own.cpu_s).toFixed(2)} × as cheap` : '';
      const rate = Math.round(c.readings / c.cpu_s / 1_000);
      console.log(
        `  ${c.name.padEnd(21)} ${c.cpu_s.toFixed(2)} CPU-s (engine ${c.engine_cpu_s.toFixed(2)}), ${rate} k readings/CPU-s, ` +
          `${c.wall_s.toFixed(1)} s wall, ${c.parts} parts${ratio}`,
      );
    }
  }
  if (after)
    console.log(
      `\nburst of ${after.readings} readings, written in ${after.write_s} s beside a running projector: all visible ${after.lag_s} s after the last was written`,
    );
  if (fresh)
    console.log(
      `\nfreshness at 10 readings/s, produce → visible: p50 ${fresh.p50_ms} ms, p99 ${fresh.p99_ms} ms, max ${fresh.max_ms} ms (${fresh.readings} readings)`,
    );
}
