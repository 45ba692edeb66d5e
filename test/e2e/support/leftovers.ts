/** What a stopped instance must not leave: processes carrying its mark, listeners on its ports. */
import { readdir, readFile } from 'node:fs/promises';
import { dataDir } from '../../../deploy/local/data-dir';
import { whoHolds } from '../../../deploy/local/ports';

/** Command lines of the processes that carry the instance's mark in their environment. */
export async function instanceProcesses(data: string): Promise<string[]> {
  const mark = `MILLRACE_INSTANCE=${dataDir(data).instance}`;
  const pids = (await readdir('/proc')).filter((n) => /^\d+$/.test(n));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      if (!environment.split('\0').includes(mark)) return [];
      return [(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).replaceAll('\0', ' ')];
    }),
  );
  return found.flat();
}

export function listeningOn(ports: readonly number[]): number[] {
  return ports.filter((port) => whoHolds(port) !== undefined);
}
