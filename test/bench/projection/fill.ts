import { type Bed, frame } from '../../services/projector/support/bed';

const METRICS = 10;
const DEVICES = 50;
const FRAMES_PER_SEND = 500;
const T0 = Date.UTC(2026, 0, 1);

/** Writes readings of a fleet to the log, so many in each frame, ten metrics each. Resolves when the broker has all of them. */
export async function fill(bed: Bed, perFrame: number, readings: number): Promise<void> {
  const each = perFrame / METRICS;
  const frames = Math.ceil(readings / perFrame);
  for (let i = 0; i < frames; i += FRAMES_PER_SEND)
    await bed.produce(
      Array.from({ length: Math.min(FRAMES_PER_SEND, frames - i) }, (_, k) => {
        const n = i + k;
        const seq = Math.floor(n / DEVICES) + 1;
        const value = (m: number, j: number): number => Math.round(1_000 * Math.sin((n * each + j) / 50 + m)) / 10;
        const shape = { device_id: `device-${n % DEVICES}`, seq, ts: T0 + seq * each * 1_000 };
        return frame({ ...shape, readings: each, metrics: METRICS, value });
      }),
    );
}
