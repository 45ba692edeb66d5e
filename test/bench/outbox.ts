/**
 * How much the outbox takes with durability on: appends frames as the pipeline makes them, waits for durability as the
 * pipeline does (never more than a bounded number of readings unsynced), and reads everything back once. Beside it the
 * simplest durable thing: a file of JSON lines, one a frame, with as large groups to an fdatasync.
 *
 *   node dist/test/bench/outbox.js [--readings N] [--devices N] [--frame N] [--dir DIR] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../edge-agent/io/outbox/fs';
import { type DiskOutbox, openOutbox } from '../../edge-agent/io/outbox/outbox';
import { JsonLines } from './support/json-lines';
import { type Cost, measured, watchRss } from './support/measured';
import { Device, pooled, seeded, write } from './support/sensors';

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '5000000' },
    devices: { type: 'string', default: '200' },
    frame: { type: 'string', default: '100' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
/** The baseline writes one in so many. */
const BASELINE_SHARE = 5;

async function read(outbox: DiskOutbox): Promise<number> {
  let readings = 0;
  for (let next = 0; ;) {
    const batch = await outbox.read('telemetry', next, { maxRecords: 20_000, maxBytes: 4 << 20 });
    outbox.release('telemetry');
    if (batch.next === next) return readings;
    for (const record of batch.records) readings += record.readings;
    next = batch.next;
  }
}

async function main(): Promise<void> {
  const [wanted, devices, perFrame] = [Number(values.readings), Number(values.devices), Number(values.frame)];
  const directory = mkdtempSync(join(values.dir, 'millrace-bench-outbox-'));
  const random = seeded(1);
  const fleet = Array.from({ length: devices }, (_, i) => new Device(`device-${i}`, random));
  const pool = pooled(fleet, perFrame);
  const options = { bounds: DEFAULT_BOUNDS, fs: nodeFs, clock: systemClock, tenant: 'default', agentId: 'agent-1' };
  const open = (): Promise<DiskOutbox> =>
    openOutbox({ directory, ...options, newId: () => 'bench', onEvent: () => undefined });
  try {
    let outbox = await open();
    const peak = watchRss();
    const written = await measured(() => write(outbox, pool, Math.ceil(wanted / perFrame)));
    const { bytes } = outbox.status('telemetry');
    await outbox.close();
    let readings = 0;
    const opened = await measured(async () => void (outbox = await open()));
    const readBack = await measured(async () => void (readings = await read(outbox)));
    await outbox.close();
    const lines = await JsonLines.create(join(directory, 'lines.ndjson'), DEFAULT_BOUNDS.commitBytes);
    const baseline = await measured(() => write(lines, pool, Math.ceil(wanted / perFrame / BASELINE_SHARE)));
    await lines.close();
    report({
      lines: { cost: baseline, readings: readings / BASELINE_SHARE, bytes: lines.bytes },
      readings,
      devices,
      perFrame,
      bytes,
      written,
      opened,
      readBack,
      rss: peak(),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Result {
  readonly lines: { readonly cost: Cost; readonly readings: number; readonly bytes: number };
  readonly readings: number;
  readonly devices: number;
  readonly perFrame: number;
  readonly bytes: number;
  readonly written: Cost;
  readonly opened: Cost;
  readonly readBack: Cost;
  readonly rss: number;
}

function report(r: Result): void {
  const perSecond = r.readings / r.written.wall_s;
  const figures = {
    bench: 'outbox',
    readings: r.readings,
    devices: r.devices,
    readings_per_frame: r.perFrame,
    write_readings_per_s: Math.round(perSecond),
    write_cpu_s_per_million: (1e6 * r.written.cpu_s) / r.readings,
    write: r.written,
    bytes_per_reading: r.bytes / r.readings,
    open: r.opened,
    read_readings_per_s: Math.round(r.readings / r.readBack.wall_s),
    read: r.readBack,
    rss_mb: Math.round(r.rss / 1e6),
    json_lines: {
      write_cpu_s_per_million: (1e6 * r.lines.cost.cpu_s) / r.lines.readings,
      write_readings_per_s: Math.round(r.lines.readings / r.lines.cost.wall_s),
      bytes_per_reading: r.lines.bytes / r.lines.readings,
    },
  };
  if (values.json) return console.log(JSON.stringify(figures));
  const cost = (c: Cost): string => `${c.wall_s.toFixed(2)} s wall, ${c.cpu_s.toFixed(2)} CPU-s`;
  console.log(
    `outbox: ${r.readings} readings, ${r.devices} devices, ${r.perFrame} readings a frame, durable before acknowledged`,
  );
  const { json_lines: lines } = figures;
  console.log(`  ${figures.write_cpu_s_per_million.toFixed(2)} CPU-s a million readings written`);
  console.log(
    `  write ${figures.write_readings_per_s} readings/s (${cost(r.written)}), ${figures.bytes_per_reading.toFixed(2)} bytes a reading on disk`,
  );
  console.log(`  open  ${cost(r.opened)}`);
  console.log(`  read  ${figures.read_readings_per_s} readings/s (${cost(r.readBack)}); peak RSS ${figures.rss_mb} MB`);
  console.log(
    `  beside it, JSON lines with the same group commit: ${lines.write_cpu_s_per_million.toFixed(2)} CPU-s a million, ${lines.write_readings_per_s} readings/s, ${lines.bytes_per_reading.toFixed(2)} bytes a reading`,
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
