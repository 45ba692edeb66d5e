/**
 * Takes back deduplication tokens whose part never came to be. A MergeTree table that is not replicated writes an insert's
 * token to `deduplication_logs/deduplication_log_N.txt` before it renames the part into place; killed in between, it would
 * remember an insert that is not there and drop its replay. To be called before the engine opens the folder.
 *
 *   line = ("1" added | "2" dropped) TAB part TAB block_id LF
 *   part = partition_id "_" min "_" max "_" level [ "_" mutation ]
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Entry {
  readonly part: string;
  readonly blockId: string;
}

const ADDED = '1';
const LOG = /^deduplication_log_(\d+)\.txt$/;

/** Entries that are remembered and whose rows are in no part: neither in their own nor in one merged from it. */
export function orphans(lines: readonly string[], folders: readonly string[]): Entry[] {
  const remembered = new Map<string, Entry>();
  for (const line of lines) {
    const [operation, part = '', blockId = ''] = line.split('\t');
    if (operation === ADDED) remembered.set(blockId, { part, blockId });
    else remembered.delete(blockId);
  }
  const parts = folders.flatMap((name) => rangeOf(name) ?? []);
  return [...remembered.values()].filter(({ part }) => {
    const own = rangeOf(part);
    return own && !parts.some((p) => p.partition === own.partition && p.min <= own.min && own.max <= p.max);
  });
}

interface Range {
  readonly partition: string;
  readonly min: number;
  readonly max: number;
}

function rangeOf(part: string): Range | undefined {
  const found = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(part);
  return found ? { partition: found[1] ?? '', min: Number(found[2]), max: Number(found[3]) } : undefined;
}

/** Repairs every table under an engine's folder; gives how many tokens were taken back. */
export function repairTokens(engineDir: string): number {
  const store = join(engineDir, 'store');
  if (!existsSync(store)) return 0;
  let count = 0;
  for (const group of readdirSync(store))
    for (const table of readdirSync(join(store, group))) count += repairTable(join(store, group, table));
  return count;
}

function repairTable(table: string): number {
  const dir = join(table, 'deduplication_logs');
  if (!existsSync(dir)) return 0;
  const logs = readdirSync(dir)
    .filter((name) => LOG.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((name) => join(dir, name));
  const newest = logs.at(-1);
  if (newest === undefined) return 0;
  cutTornLine(newest);
  const lines = logs.flatMap((log) => readFileSync(log, 'utf8').split('\n')).filter((line) => line !== '');
  const lost = orphans(lines, readdirSync(table));
  if (lost.length > 0) append(newest, lost.map(({ part, blockId }) => `2\t${part}\t${blockId}\n`).join(''));
  return lost.length;
}

const numberOf = (name: string): number => Number(LOG.exec(name)?.[1]);

/** What a power failure cut short was never acknowledged. */
function cutTornLine(log: string): void {
  const bytes = readFileSync(log);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(log, end);
}

function append(log: string, text: string): void {
  const file = openSync(log, 'a');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
