/** `agent dry-run`: polls the field and prints what would be reported. Nothing is stored, shipped or written. */
import { type Sample } from '../adapter';
import { createAdapters, type AdapterDeps } from '../adapters';
import { type AgentPlan, type DevicePlan, type PointPlan } from '../core/compile/plan';
import { type Reading, toReading } from '../core/reading';
import { qualityClass, qualityName } from '../quality-name';
import { type Output } from './validate';

export interface DryRunOptions {
  readonly json: boolean;
  /** Goes on until stopped instead of ending when every point was read once. */
  readonly follow: boolean;
  /** Longest wait for the first reading of every point, ms. */
  readonly wait_ms: number;
  /** Ends a run that follows. */
  readonly stop: Promise<unknown>;
}

/** Exit code: 0 when every point gave a usable reading, 1 otherwise. */
export async function dryRun(
  plan: AgentPlan,
  deps: AdapterDeps,
  options: DryRunOptions,
  output: Output,
): Promise<number> {
  const awaited = (d: DevicePlan): string[] => d.points.filter((p) => !p.spontaneous).map((p) => `${d.id}/${p.metric}`);
  const waiting = new Set([...plan.devices.values()].flatMap(awaited));
  const bad = new Map<string, string>();
  const total = waiting.size;
  let finished: (() => void) | undefined;
  const complete = new Promise<void>((resolve) => (finished = resolve));
  const take = (sample: Sample): void => {
    const name = `${sample.device}/${sample.metric}`;
    const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
    if (!point || (!options.follow && !point.spontaneous && !waiting.has(name))) return;
    const reading = toReading(point, sample);
    output.out(line(sample, point, reading, options.json));
    waiting.delete(name);
    if (point.spontaneous) return;
    if (qualityClass(reading.quality) === 'bad') bad.set(name, qualityName(reading.quality));
    else bad.delete(name);
    if (waiting.size === 0 && !options.follow) finished?.();
  };
  const adapters = createAdapters(plan, deps);
  const errors = new Map<string, string>();
  let stopping = false;
  for (const [connection, adapter] of adapters)
    adapter.start({
      samples: (batch) => batch.samples.forEach(take),
      link: (e) => {
        if (e.reason !== undefined && !stopping) errors.set(connection.name, e.reason);
      },
      ready: () => Promise.resolve(),
    });
  const timeout = new Promise<void>((resolve) => {
    if (!options.follow) setTimeout(resolve, options.wait_ms).unref();
  });
  await Promise.race([complete, options.stop, timeout]);
  stopping = true;
  await Promise.all([...adapters.values()].map((a) => a.close()));
  for (const [connection, reason] of errors) output.err(`connection ${connection}: ${reason}`);
  const unread = [...waiting];
  if (unread.length > 0) output.err(`not read: ${listed(unread)}`);
  if (bad.size > 0) output.err(`bad: ${listed([...bad].map(([name, quality]) => `${name} (${quality})`))}`);
  const good = total - new Set([...unread, ...bad.keys()]).size;
  if (!options.json) output.err(`${good} of ${total} points read well`);
  return good === total ? 0 : 1;
}

const MAX_LISTED = 20;

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  return names.slice(0, MAX_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function line({ device, metric }: Sample, point: PointPlan, { at, value, quality }: Reading, json: boolean): string {
  const time = new Date(at).toISOString();
  const plain = typeof value === 'bigint' || Number.isNaN(value) ? String(value) : value;
  if (json)
    return JSON.stringify({ time, device, metric, value: plain, unit: point.unit, quality: qualityName(quality) });
  const shown = typeof value === 'number' ? Number(value.toPrecision(9)) : value;
  return `${time}  ${`${device}/${metric}`.padEnd(36)} ${String(shown).padStart(18)} ${point.unit.padEnd(10)} ${qualityName(quality)}`;
}
