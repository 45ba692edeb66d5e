/**
 * Kills the registry, the broker and the projector while lives are being lived, and checks that none was bent: in the log, in
 * the states, and in SQL.
 *
 *   node dist/test/chaos/registry.js [--seed N] [--kills 20] [--devices 2000] [--no-sql] [--json]
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../services/registry/chaos-run';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '20' },
    devices: { type: 'string', default: '2000' },
    'no-sql': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

void main();

async function main(): Promise<void> {
  const seed = Number(values.seed);
  const sql = !values['no-sql'];
  const report = values.json ? {} : { report: (line: string) => console.log(line) };
  const result = await runChaos({ seed, kills: Number(values.kills), devices: Number(values.devices), sql, ...report });
  console.log(JSON.stringify(result, null, values.json ? 0 : 2));
  const { unanswered, doubled, lost, verdict } = result;
  const sound = unanswered + doubled + lost + verdict.differing === 0;
  if (!sound) console.error(`not sound; repeat with --seed ${seed} --kills ${values.kills}`);
  process.exitCode = sound ? 0 : 1;
}
