/** The projector as a process among real components. */
import { Bed, eventually, frame } from './support/bed';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A whole hour, so that windows are easy to reckon. */
const T0 = Math.floor(Date.now() / HOUR) * HOUR - HOUR;

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()), 3 * MINUTE);
afterAll(async () => bed.stop(), MINUTE);

test(
  'a frame becomes readings and windows',
  async () => {
    const projector = await bed.projector();
    try {
      await bed.produce([frame({ seq: 1, ts: T0, readings: 60 })]);
      await eventually('60 readings', async () => (await bed.one('SELECT count() FROM millrace.readings')) === '60');
      // A view's rows are readable a moment after those it was made from.
      type Minute = { count: string; sum: number; median: number };
      const minutes = (): Promise<Minute[]> => bed.rows('SELECT count, sum, median FROM millrace.readings_1m');
      await eventually('a minute', async () => (await minutes()).length > 0);
      expect(await minutes()).toEqual([{ count: expect.anything() as string, sum: 1830, median: 30.5 }]);
    } finally {
      await projector.stop();
    }
  },
  MINUTE,
);
