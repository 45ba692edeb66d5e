/**
 * What each protocol takes from the wire to the outbox: the adapter, the pipeline and the outbox as they are in an agent,
 * with fdatasync, nothing behind them; the field is a process of its own. Each protocol is measured in its own process.
 *
 *   node dist/test/bench/protocols.js [--devices 100] [--period 100] [--seconds 20] [--only mqtt] [--json]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type AdapterSink, type SampleBatch } from '../../edge-agent/adapter';
import { createAdapters } from '../../edge-agent/adapters';
import { systemClock } from '../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../edge-agent/io/outbox/fs';
import { openOutbox } from '../../edge-agent/io/outbox/outbox';
import { Pipeline } from '../../edge-agent/pipeline';
import { planOfText } from '../../edge-agent/profile-file';
import { type ProtocolRig } from './protocols/rig';
import { RIGS } from './protocols/rigs';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '100' },
    period: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    /** Measures one protocol in this process. */
    rig: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

const WARM_UP_MS = 5_000;
/** Longest wait for what was taken last to be durable, ms. */
const SETTLE_MS = 60_000;

interface Figures {
  readonly protocol: string;
  readonly messages_per_s: number;
  readonly points_per_s: number;
  readonly cpu_us_per_reading: number;
  /** From the time the reading carries to its being durable; a frame waits 250 ms for company. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly rss_mb: number;
  readonly bad: number;
  /** Steps of the counter that are missing, or came again; absent where the field has none. */
  readonly lost?: number;
  readonly repeated?: number;
}

/** Looks at every batch on its way, and at the moment it is acknowledged. */
class Meter {
  batches = 0;
  readings = 0;
  bad = 0;
  lost = 0;
  repeated = 0;
  measuring = false;
  /** Counted and not durable yet. */
  open = 0;
  readonly latencies_ms: number[] = [];
  private readonly last = new Map<string, number>();

  constructor(private readonly counter: string | undefined) {}

  through(sink: AdapterSink): AdapterSink {
    return {
      link: (event) => sink.link(event),
      ready: () => sink.ready(),
      samples: (batch) => sink.samples(this.seen(batch)),
    };
  }

  private seen(batch: SampleBatch): SampleBatch {
    const [first] = batch.samples;
    if (this.measuring) {
      this.batches++;
      this.readings += batch.samples.length;
    }
    for (const { device, metric, value, quality } of batch.samples) {
      if (quality >= 64 && this.measuring) this.bad++;
      if (metric === this.counter && value !== undefined) this.step(device, Number(value));
    }
    const counted = this.measuring;
    if (counted) this.open++;
    const ack = (): void => {
      if (counted) this.open--;
      if (counted && first) this.latencies_ms.push(systemClock.now() - first.at);
      batch.ack();
    };
    return { samples: batch.samples, ack };
  }

  private step(device: string, n: number): void {
    const last = this.last.get(device);
    if (last !== undefined && n <= last) this.repeated++;
    else if (last !== undefined) this.lost += n - last - 1;
    this.last.set(device, Math.max(n, last ?? 0));
  }
}

async function measure(rig: ProtocolRig): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-protocols-'));
  const field = await rig.start({ devices: Number(values.devices), period_ms: Number(values.period) });
  const text = { file: 'bench.yaml', text: field.profile, readFile: () => '' };
  const plan = planOfText(text, {});
  const outbox = await openOutbox({
    ...{ directory, bounds: DEFAULT_BOUNDS, fs: nodeFs, clock: systemClock, tenant: plan.tenant, agentId: 'bench' },
    newId: () => 'bench',
    onEvent: () => undefined,
  });
  const pipeline = new Pipeline(plan, outbox, systemClock, 'bench', (error) => console.error(error));
  const meter = new Meter(rig.counter);
  const adapters = createAdapters(plan, { clock: systemClock, random: Math.random });
  try {
    pipeline.start();
    for (const [connection, adapter] of adapters) adapter.start(meter.through(pipeline.sink(connection)));
    await sleep(WARM_UP_MS);
    meter.measuring = true;
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    await sleep(Number(values.seconds) * 1_000);
    meter.measuring = false;
    const { user, system } = process.cpuUsage(cpu);
    const wall_s = (performance.now() - begun) / 1_000;
    for (const end = performance.now() + SETTLE_MS; meter.open > 0 && performance.now() < end;) await sleep(50);
    const sorted = meter.latencies_ms.sort((a, b) => a - b);
    const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? NaN;
    return {
      protocol: rig.name,
      messages_per_s: Math.round(meter.batches / wall_s),
      points_per_s: Math.round(meter.readings / wall_s),
      cpu_us_per_reading: Math.round((10 * (user + system)) / meter.readings) / 10,
      p50_ms: quantile(0.5),
      p99_ms: quantile(0.99),
      rss_mb: Math.round(process.memoryUsage.rss() / 1e6),
      bad: meter.bad,
      ...(rig.counter !== undefined && { lost: meter.lost, repeated: meter.repeated }),
    };
  } finally {
    await Promise.all([...adapters.values()].map((a) => a.close()));
    await pipeline.close('bench');
    await outbox.close();
    await field.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One process for each: their memory is then their own. */
function measureApart(rig: ProtocolRig): Figures {
  const { devices, period, seconds } = values;
  const args = ['--rig', rig.name, '--devices', devices, '--period', period, '--seconds', seconds];
  const out = execFileSync(process.execPath, [__filename, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out) as Figures;
}

async function main(): Promise<void> {
  const one = RIGS.find((r) => r.name === values.rig);
  if (one) return console.log(JSON.stringify(await measure(one)));
  const figures = RIGS.filter((r) => r.name.includes(values.only)).map(measureApart);
  if (values.json) return console.log(JSON.stringify(figures.map((f) => ({ bench: 'protocols', ...f }))));
  console.log(
    `protocols: ${values.devices} devices, a message or scan each ${values.period} ms, wire to outbox with fdatasync`,
  );
  console.table(Object.fromEntries(figures.map(({ protocol, ...f }) => [protocol, f])));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
