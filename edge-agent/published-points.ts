/** Points are published when their meaning changed since they last were; a file remembers what was. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type AgentPlan } from './core/compile/plan';
import { meaning, pointRecords } from './core/points';
import { type Pipeline } from './pipeline';

/** Resolves when what changed is durable. Without the file, or with a damaged one, everything is published again. */
export async function publishChangedPoints(
  plan: AgentPlan,
  pipeline: Pick<Pipeline, 'publishPoints'>,
  file: string,
  now: number,
): Promise<void> {
  const before = published(file);
  const records = pointRecords(plan, now);
  const changed = records.filter((r) => before.get(`${r.device_id}/${r.metric}`) !== meaning(r));
  if (changed.length === 0) return;
  await pipeline.publishPoints(changed);
  const known = Object.fromEntries(records.map((r) => [`${r.device_id}/${r.metric}`, meaning(r)]));
  writeFileSync(`${file}.new`, JSON.stringify(known));
  renameSync(`${file}.new`, file);
}

function published(file: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>));
  } catch {
    return new Map();
  }
}
