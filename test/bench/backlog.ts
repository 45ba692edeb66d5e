/**
 * A factory cut off for a day: so many hours of sensors at 1 Hz in the outbox, its size on disk, and then the drain to a
 * real broker while fresh readings keep coming, which must not wait behind it.
 *
 *   node dist/test/bench/backlog.js [--hours 24] [--sensors 200] [--frame 10] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../edge-agent/io/outbox/fs';
import { type DiskOutbox, openOutbox } from '../../edge-agent/io/outbox/outbox';
import { HintFile } from '../../edge-agent/io/shipper/hint';
import { KafkaLink } from '../../edge-agent/io/shipper/link';
import { DiskSchemaIds } from '../../edge-agent/io/shipper/schema-ids';
import { Shipper } from '../../edge-agent/io/shipper/shipper';
import { createKafka, streamConfig } from '../../schemas/stream';
import { startStack } from '../support/stack';
import { LiveLoad } from './support/live-load';
import { type Cost, measured, watchRss } from './support/measured';
import { Device, fill, seeded } from './support/sensors';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    sensors: { type: 'string', default: '200' },
    frame: { type: 'string', default: '10' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
/** What the same day takes in the product whose figures are published: 50 bytes a reading. */
const PUBLISHED_BYTES_PER_READING = 864e6 / 17.28e6;
const SENSORS_PER_DEVICE = 10;
const SECONDS_PER_HOUR = 3_600;
const LOOK_MS = 20;
const AGENT_ID = 'agent-backlog';

async function main(hours: number, sensors: number, perFrame: number): Promise<void> {
  const directory = mkdtempSync(join(values.dir, 'millrace-bench-backlog-'));
  const stack = await startStack({ want: ['kafka', 'schema-registry'] });
  try {
    const random = seeded(1);
    const fleet = Array.from({ length: sensors / SENSORS_PER_DEVICE }, (_, i) => new Device(`device-${i}`, random));
    const outbox = await open(directory);
    const frames = Math.ceil((hours * SECONDS_PER_HOUR * sensors) / perFrame);
    const written = await measured(() => fill(outbox, fleet, frames, perFrame));
    const { bytes } = outbox.status('telemetry');
    const drained = await drain(outbox, fleet, directory, stack.env);
    await outbox.close();
    report({ hours, sensors, readings: frames * perFrame, bytes, written, ...drained });
  } finally {
    await stack.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function open(directory: string): Promise<DiskOutbox> {
  return openOutbox({
    ...{ directory, bounds: DEFAULT_BOUNDS, fs: nodeFs, clock: systemClock, tenant: 'default', agentId: AGENT_ID },
    ...{ newId: () => 'bench', onEvent: (event) => console.error(event) },
  });
}

interface Drained {
  readonly drained: Cost;
  readonly transactions: number;
  readonly live: ReturnType<LiveLoad['figures']>;
  readonly rss: { readonly before: number; readonly peak: number };
}

async function drain(
  outbox: DiskOutbox,
  fleet: readonly Device[],
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<Drained> {
  const config = streamConfig(env, 'bench');
  const kafka = createKafka(config, { warn: () => undefined });
  const shipper = new Shipper({
    ...{ agentId: AGENT_ID, outbox, clock: systemClock, random: Math.random },
    link: new KafkaLink(kafka, { agentId: AGENT_ID, replicationFactor: 1, clock: systemClock }),
    schemaIds: new DiskSchemaIds(config, join(directory, 'schema-ids.json')),
    hint: new HintFile(join(directory, 'shipped.json')),
    onEvent: (event) => {
      if (event.kind === 'connected') live.start();
      if (event.kind === 'failed') console.error(event.error);
    },
    onFatal: (error) => console.error(error),
  });
  const end = outbox.status('telemetry').next;
  const before = process.memoryUsage.rss();
  const peak = watchRss();
  const live = new LiveLoad(outbox, shipper, fleet, SENSORS_PER_DEVICE);
  const drained = await measured(async () => {
    shipper.start();
    while (shipper.status.cursors.telemetry.next < end) await systemClock.sleep(LOOK_MS);
  });
  await live.stop();
  await shipper.whenShipped('telemetry', outbox.status('telemetry').next);
  await shipper.stop();
  const { transactions } = shipper.status;
  return { drained, transactions, live: live.figures(), rss: { before, peak: peak() } };
}

interface Result extends Drained {
  readonly hours: number;
  readonly sensors: number;
  readonly readings: number;
  readonly bytes: number;
  readonly written: Cost;
}

function report(r: Result): void {
  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  const figures = {
    ...{ bench: 'backlog', hours: r.hours, sensors: r.sensors, readings: r.readings, disk_mb: mb(r.bytes) },
    published_mb: mb(r.readings * PUBLISHED_BYTES_PER_READING),
    bytes_per_reading: r.bytes / r.readings,
    ...{ write: r.written, drain: r.drained, transactions: r.transactions },
    drain_readings_per_s: Math.round(r.readings / r.drained.wall_s),
    live_lag_ms: r.live,
    ...{ rss_before_mb: mb(r.rss.before), rss_peak_mb: mb(r.rss.peak) },
  };
  if (values.json) return console.log(JSON.stringify(figures));
  const cost = (c: Cost): string => `${c.cpu_s.toFixed(1)} CPU-s, ${c.wall_s.toFixed(1)} s wall`;
  const { live } = r;
  console.log(`backlog: ${r.hours} h of ${r.sensors} sensors at 1 Hz, ${r.readings} readings`);
  console.log(
    `  on disk ${figures.disk_mb} MB (${figures.bytes_per_reading.toFixed(2)} B a reading); published ${figures.published_mb} MB`,
  );
  console.log(`  write   ${cost(r.written)}`);
  console.log(
    `  drain   ${cost(r.drained)}, ${figures.drain_readings_per_s} readings/s in ${r.transactions} transactions`,
  );
  console.log(
    `  live    ${live.frames} frames meanwhile: lag p50 ${live.p50} ms, p99 ${live.p99} ms, max ${live.max} ms`,
  );
  console.log(`  RSS     ${figures.rss_before_mb} MB before the drain, ${figures.rss_peak_mb} MB at most`);
}

main(Number(values.hours), Number(values.sensors), Number(values.frame)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
