/** What runs in a data directory: written at every change, so that the next launcher and `status` know without asking. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ProcessState } from './lifecycle';
import { type ProcessId } from './process-table';

export const RUN_FILE_VERSION = 1;

export interface ProcessRecord {
  readonly name: string;
  readonly id: ProcessId | null;
  readonly state: ProcessState;
  readonly reason: string | null;
  readonly restarts: number;
  /** ms since 1970, of the current process. */
  readonly started_at: number | null;
  readonly address: string | null;
  readonly metrics: string | null;
  /** Digest of command, arguments, environment and build: an equal one may be adopted by the next launcher. */
  readonly fingerprint: string;
}

export type Phase = 'starting' | 'ready' | 'stopping' | 'stopped';

export interface RunFile {
  readonly version: typeof RUN_FILE_VERSION;
  readonly instance: string;
  readonly phase: Phase;
  readonly launcher: ProcessId;
  readonly started_at: number;
  /** Named facts about this run for other commands: addresses, files of secrets. */
  readonly facts: Readonly<Record<string, string>>;
  /** Components of the user's own, and where they are. */
  readonly externals: Readonly<Record<string, string>>;
  readonly processes: readonly ProcessRecord[];
}

/** Undefined when there is none, or one of another version: what it would have told is then found by scanning. */
export function readRunFile(path: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw e;
  }
  const run = JSON.parse(text) as RunFile;
  return run.version === RUN_FILE_VERSION ? run : undefined;
}

/** Whole or not at all: a reader never sees half a file. */
export function writeAtomically(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, path);
}

export const writeRunFile = (path: string, run: RunFile): void =>
  writeAtomically(path, `${JSON.stringify(run, undefined, 2)}\n`);
