import { type Bed, frame } from '../../services/projector/support/bed';

export interface Freshness {
  readonly readings: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

const EVERY_MS = 100;
/** A look takes the engine some milliseconds, which it would insert in. */
const POLL_MS = 50;

/** One reading every 100 ms, each its own frame and send; how long until a query sees it. */
export async function freshness(bed: Bed, seconds: number): Promise<Freshness> {
  const projector = await bed.projector();
  const produced: number[] = [];
  const seen: number[] = [];
  const total = (seconds * 1_000) / EVERY_MS;
  const watch = async (): Promise<void> => {
    while (seen.length < total) {
      const count = Number(await bed.one('SELECT count() FROM millrace.readings'));
      const now = performance.now();
      while (seen.length < count) seen.push(now);
      await pause(POLL_MS);
    }
  };
  const watching = watch();
  const T0 = Date.now();
  for (let i = 0; i < total; i++) {
    const due = T0 + i * EVERY_MS;
    await pause(Math.max(0, due - Date.now()));
    produced.push(performance.now());
    await bed.produce([frame({ device_id: `d${i % 10}`, seq: i + 1, ts: due, readings: 1 })]);
  }
  await watching;
  await projector.stop();
  const times = seen.map((at, i) => at - produced[i]!).sort((a, b) => a - b);
  const at = (q: number): number => Math.round(times[Math.min(times.length - 1, Math.floor(q * times.length))]!);
  return { readings: total, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
