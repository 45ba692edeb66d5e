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
      const produced_at = Date.now();
      await bed.produce([frame({ seq: 1, ts: T0, readings: 60 })]);
      await eventually('60 readings', async () => (await bed.one('SELECT count() FROM millrace.readings')) === '60');
      console.log('visible after', Date.now() - produced_at, 'ms');
      const [minute] = await bed.rows<{ count: string; sum: number; median: number }>(
        'SELECT count, sum, median FROM millrace.readings_1m',
      );
      expect(minute).toMatchObject({ sum: 1830, median: 30.5 });
    } finally {
      await projector.stop();
    }
  },
  MINUTE,
);
