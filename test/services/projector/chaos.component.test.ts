/** A short life under fire; `millrace chaos projection --kills 100` is the long one. */
import { runChaos } from './chaos-run';

jest.setTimeout(180_000);

/** The same on every run; what it meets is not, for processes take their own time. */
const SEED = 42;

test('kill -9 of projectors, ClickHouse and broker under load: SQL equals the source’s ledger', async () => {
  const blows = ['projector', 'clickhouse', 'broker', 'projector'] as const;
  const result = await runChaos({ seed: SEED, kills: blows.length, blows });
  expect(result.examples).toEqual([]);
  expect(result.differing).toEqual({ readings: 0, readings_1m: 0, readings_1h: 0, readings_1d: 0 });
  expect(result.blows).toMatchObject({ projector: 2, clickhouse: 1, broker: 1 });
  expect(result.readings).toBeGreaterThan(1_000);
});
