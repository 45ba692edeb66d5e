/**
 * Kills projectors, broker and ClickHouse under load and compares SQL with the source's ledger.
 *
 *   node dist/test/chaos/projection.js [--seed N] [--kills 100] [--json]
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../services/projector/chaos-run';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
});

void main(Number(values.seed), Number(values.kills));

async function main(seed: number, kills: number): Promise<void> {
  const report = values.json ? {} : { report: (line: string) => console.log(line) };
  const result = await runChaos({ seed, kills, ...report });
  console.log(JSON.stringify(result, null, values.json ? 0 : 2));
  const sound = result.readings > 0 && Object.values(result.differing).every((n) => n === 0);
  if (!sound) console.error(`not exactly once; repeat with --seed ${seed} --kills ${kills}`);
  process.exitCode = sound ? 0 : 1;
}
