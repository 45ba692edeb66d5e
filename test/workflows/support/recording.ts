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
  writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(history, withoutTraces, 2)}\n`);
}

/** Reads what `record` wrote. */
export function recorded(json: string): temporal.api.history.v1.IHistory {
  return temporal.api.history.v1.History.fromObject(JSON.parse(json) as object);
}

/** Stack traces name the machine they were taken on. */
const withoutTraces = (key: string, value: unknown): unknown => (key === 'stackTrace' ? '' : value);
