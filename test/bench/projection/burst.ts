import { type Bed, eventually } from '../../services/projector/support/bed';
import { fill } from './fill';

export interface Burst {
  readonly readings: number;
  /** How long the source took to write it. */
  readonly write_s: number;
  /** From the last frame's acknowledgement until the last reading was visible. */
  readonly lag_s: number;
}

const PER_FRAME = 100;
const LIMIT_MS = 600_000;

/** So many readings as quickly as the source can, beside a projector that runs already. */
export async function burst(bed: Bed, readings: number): Promise<Burst> {
  const projector = await bed.projector();
  const begun = performance.now();
  await fill(bed, PER_FRAME, readings);
  const written = performance.now();
  const visible = async (): Promise<boolean> =>
    Number(await bed.one('SELECT count() FROM millrace.readings')) >= readings;
  await eventually(`all of ${readings} readings`, visible, LIMIT_MS);
  const seen = performance.now();
  await projector.stop();
  const seconds = (ms: number): number => Math.round(ms / 100) / 10;
  return { readings, write_s: seconds(written - begun), lag_s: seconds(seen - written) };
}
