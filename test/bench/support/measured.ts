/** What a piece of work costs this process. */

/** Greatest resident set from now on, bytes. */
export function watchRss(): () => number {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
  return () => {
    clearInterval(timer);
    return Math.max(peak, process.memoryUsage.rss());
  };
}

export interface Cost {
  readonly wall_s: number;
  readonly cpu_s: number;
}

export async function measured(work: () => Promise<void>): Promise<Cost> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall_s: (performance.now() - start) / 1_000, cpu_s: (user + system) / 1e6 };
}
