/**
 * Makes the topics, schemas and tables of this release, or waits until they are there.
 *
 *   node dist/deploy/setup/main.js                   makes what is missing; changes nothing when run again
 *   node dist/deploy/setup/main.js --wait 300        looks until nothing is missing, at most so many seconds; exit 1 then
 *   … --only topics,schemas                          these steps
 *
 * Environment: that of the services; CLICKHOUSE_CLUSTER and CLICKHOUSE_NAMED_COLLECTION as deploy/clickhouse/main.ts;
 * KAFKA_REPLICATION_FACTOR of new topics (the broker's default).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BROKERS_REPLICATION } from '../../schemas/stream';
import { type Env } from '../clickhouse/from-env';
import { platformSteps } from './platform';
import { STEPS, takeAll, type Told, waitForAll } from './steps';

const LOOK_EVERY_MS = 2_000;
const MAX_WAIT_S = 3_600;

async function main(env: Env, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { wait: { type: 'string' }, only: { type: 'string' } } });
  const wanted = (values.only?.split(',') ?? STEPS) as (typeof STEPS)[number][];
  const unknown = wanted.find((name) => !STEPS.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${STEPS.join(', ')}`);
  const steps = platformSteps(env, Number(env['KAFKA_REPLICATION_FACTOR'] || BROKERS_REPLICATION), wanted);
  if (values.wait === undefined) {
    await takeAll(steps, tell);
    return 0;
  }
  const wait_s = Number(values.wait);
  if (!(wait_s > 0 && wait_s <= MAX_WAIT_S)) throw new Error(`--wait takes 1 to ${MAX_WAIT_S} seconds`);
  const tries = Math.ceil((wait_s * 1_000) / LOOK_EVERY_MS);
  return (await waitForAll(steps, { tries, pause: () => sleep(LOOK_EVERY_MS), tell })) ? 0 : 1;
}

function tell({ step, missing, error }: Told): void {
  const some = missing.slice(0, 5).join(', ');
  const fields = { level: error ? 'warn' : 'info', step, missing: missing.length, ...(some && { some }) };
  process.stdout.write(`${JSON.stringify({ ...fields, ...(error && { error }) })}\n`);
}

main(process.env, process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { message, hint } = error as { message?: string; hint?: string };
    process.stderr.write(`${JSON.stringify({ level: 'error', message: message ?? String(error), hint })}\n`);
    process.exit(1);
  },
);
