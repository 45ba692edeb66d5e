/** `agent dry-run`: polls the field and prints what would be reported. Nothing is stored, shipped or written. */
import { type Sample } from '../adapter';
import { type AdapterDeps } from '../adapters';
import { type AgentPlan, type PointPlan } from '../core/compile/plan';
import { type Reading } from '../core/reading';
import { readField, type ReadOptions } from '../probe/read-field';
import { qualityClass, qualityName } from '../quality-name';
import { type Output } from './validate';

export interface DryRunOptions extends ReadOptions {
  readonly json: boolean;
}

/** Exit code: 0 when every point gave a usable reading, 1 otherwise. */
export async function dryRun(
  plan: AgentPlan,
  deps: AdapterDeps,
  options: DryRunOptions,
  output: Output,
): Promise<number> {
  const bad = new Map<string, string>();
  const { total, unread, errors } = await readField(plan, deps, options, (sample, point, reading) => {
    const name = `${sample.device}/${sample.metric}`;
    output.out(line(sample, point, reading, options.json));
    if (point.spontaneous) return;
    if (qualityClass(reading.quality) === 'bad') bad.set(name, qualityName(reading.quality));
    else bad.delete(name);
  });
  for (const [connection, reason] of errors) output.err(`connection ${connection}: ${reason}`);
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
