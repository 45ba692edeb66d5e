/** Polls the field by a plan for a while and tells what is read. Nothing is stored, shipped or written. */
import { type Sample } from '../adapter';
import { createAdapters, type AdapterDeps } from '../adapters';
import { type AgentPlan, type DevicePlan, type PointPlan } from '../core/compile/plan';
import { type Reading, toReading } from '../core/reading';

export interface ReadOptions {
  /** Goes on until stopped instead of ending when every point was read once. */
  readonly follow: boolean;
  /** Longest wait for the first reading of every point, ms. */
  readonly wait_ms: number;
  /** Ends it at once. */
  readonly stop: Promise<unknown>;
}

export interface ReadField {
  /** Points of the plan, less those that may have nothing to say, such as events. */
  readonly total: number;
  /** Points that said nothing, device/metric. */
  readonly unread: readonly string[];
  /** Last reason of each connection that was lost or could not be had. */
  readonly errors: ReadonlyMap<string, string>;
}

export type OnReading = (sample: Sample, point: PointPlan, reading: Reading) => void;

export async function readField(
  plan: AgentPlan,
  deps: AdapterDeps,
  { follow, wait_ms, stop }: ReadOptions,
  onReading: OnReading,
): Promise<ReadField> {
  const awaited = (d: DevicePlan): string[] => d.points.filter((p) => !p.spontaneous).map((p) => `${d.id}/${p.metric}`);
  const waiting = new Set([...plan.devices.values()].flatMap(awaited));
  const heard = new Set<string>();
  const total = waiting.size;
  let finished: (() => void) | undefined;
  const complete = new Promise<void>((resolve) => (finished = resolve));
  const take = (sample: Sample): void => {
    const name = `${sample.device}/${sample.metric}`;
    const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
    if (!point || (!follow && heard.has(name))) return;
    heard.add(name);
    onReading(sample, point, toReading(point, sample));
    waiting.delete(name);
    if (waiting.size === 0 && !follow) finished?.();
  };
  const errors = new Map<string, string>();
  const adapters = createAdapters(plan, deps);
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
    if (!follow) setTimeout(resolve, wait_ms).unref();
  });
  await Promise.race([complete, stop, timeout]);
  stopping = true;
  await Promise.all([...adapters.values()].map((a) => a.close()));
  return { total, unread: [...waiting], errors };
}

/** A value as JSON holds it; numbers it cannot hold become text. */
export const plainValue = (value: Reading['value']): number | string =>
  typeof value === 'number' && Number.isFinite(value) ? value : String(value);
