/** A short run of `millrace chaos edge`: SEED=n repeats one. */
import { Random } from '../../chaos/support/random';
import { runChaos } from './chaos-run';
import { oneOfEach } from './schedule';

const SEED = Number(process.env['SEED'] ?? 20_261_121);

test(`every reading once, through kills, a cut and a stall (SEED=${SEED})`, async () => {
  const result = await runChaos({ blows: oneOfEach(new Random(SEED)), load: { devices: 6, scan_ms: 50 } });
  expect(result.faults).toEqual([]);
  expect(result.readings).toBeGreaterThan(0);
  expect(result.blows).toMatchObject({ agent: 3, broker: 1, cut: 1, stall: 1 });
}, 300_000);
