/** What processes spend: on a busy machine times say little, CPU time still says what a piece of work costs. */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** User and system time so far, s; 0 when the process is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** CPU time of each process over `work`, ms for each of `count` pieces. */
export async function cpuPerPiece<T>(
  pids: Readonly<Record<string, number | undefined>>,
  count: number,
  work: () => Promise<T>,
): Promise<{ result: T; cpu_ms: Record<string, number> }> {
  const of = (): [string, number][] => Object.entries(pids).map(([name, pid]) => [name, pid ? cpuSeconds(pid) : 0]);
  const before = new Map(of());
  const result = await work();
  const spent = of().map(
    ([name, s]) => [name, Math.round((10_000 * (s - (before.get(name) ?? 0))) / count) / 10] as const,
  );
  return { result, cpu_ms: Object.fromEntries(spent) };
}
