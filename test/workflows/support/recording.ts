/** Histories kept for test/replay: written when the tests run with RECORD_HISTORIES=1, once per released behaviour. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { projectRoot } from '../../../schemas/root';

export const HISTORIES = join(projectRoot(), 'test', 'replay', 'histories');

const FORM = { enums: String, longs: String, bytes: String };

/** `name` is that of the workflow, a dot, and what happens. */
export async function record(name: `${string}.${string}`, handle: WorkflowHandle): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const { History } = temporal.api.history.v1;
  const history = History.toObject(History.create(await handle.fetchHistory()), FORM);
  const { workflowId } = handle;
  writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify({ workflowId, ...history }, withoutTraces, 2)}\n`);
}

/** Reads what `record` wrote. */
export function recorded(json: string): temporal.api.history.v1.IHistory {
  return temporal.api.history.v1.History.fromObject(JSON.parse(json) as object);
}

/** Id of the recorded workflow, where its children's ids are made of it; older recordings do not tell. */
export const recordedId = (json: string): string | undefined =>
  (JSON.parse(json) as { workflowId?: string }).workflowId;

/** Stack traces name the machine they were taken on. */
const withoutTraces = (key: string, value: unknown): unknown => (key === 'stackTrace' ? '' : value);
