/** A closed loop: so many at once, each starting the next when it ends. */

export interface Figures {
  readonly in_flight: number;
  readonly count: number;
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** `work` gets the number of the run and of the lane it runs in. */
export async function closedLoop(
  in_flight: number,
  count: number,
  work: (n: number, lane: number) => Promise<void>,
): Promise<Figures> {
  const times_ms: number[] = [];
  let next = 0;
  const started = performance.now();
  const lane = async (of: number): Promise<void> => {
    while (next < count) {
      const n = next++;
      const begin = performance.now();
      await work(n, of);
      times_ms.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: in_flight }, (_, l) => lane(l)));
  const seconds = (performance.now() - started) / 1_000;
  times_ms.sort((a, b) => a - b);
  const at = (q: number): number =>
    round(times_ms[Math.min(times_ms.length - 1, Math.floor(q * times_ms.length))] ?? 0);
  return { in_flight, count, per_second: round(count / seconds), p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

export const round = (n: number): number => Math.round(n * 10) / 10;
