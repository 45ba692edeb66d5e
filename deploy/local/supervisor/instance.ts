/**
 * Whose a process is. Every process of a stack carries MILLRACE_INSTANCE=<id>, and children inherit it, so that all of them are
 * found again, recorded or not. The id follows from the data directory: it survives the loss of the directory itself. Under
 * `millrace test` the ids are `<test run>/<id>`, so that the test run finds everything that was started beneath it.
 */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { findByEnvironment, type ProcessId } from './process-table';

export const INSTANCE_VARIABLE = 'MILLRACE_INSTANCE';

/** The same before and after the directory is made: links are resolved in the part that exists. */
function realPath(dir: string): string {
  const path = resolve(dir);
  if (existsSync(path)) return realpathSync(path);
  return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
}

/** Twelve hex digits of a data directory. */
export const instanceOf = (dataDir: string): string =>
  createHash('sha256').update(realPath(dataDir)).digest('hex').slice(0, 12);

/** The variable's value for children, beneath what this process itself belongs to. */
export function instanceValue(instance: string, inherited: string | undefined): string {
  return inherited ? `${inherited}/${instance}` : instance;
}

/** Live processes of one data directory, whichever launcher started them. */
export const processesOf = (instance: string): ProcessId[] =>
  findByEnvironment(INSTANCE_VARIABLE, (value) => value.split('/').includes(instance));
