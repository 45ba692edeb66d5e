/**
 * Kills the registry, the broker and the projector while lives are being lived, and checks that none was bent: in the log, in
 * the states, in SQL, and in what was answered.
 *
 *   node dist/test/chaos/registry.js [--seed N] [--kills 20] [--moves 500] [--devices 2000] [--no-sql] [--json]
 *
 * `--moves`: accepted between two kills, at least; `--kills 200` is 100,000 of them.
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../services/registry/chaos-run';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '20' },
    moves: { type: 'string', default: '500' },
    devices: { type: 'string', default: '2000' },
    'no-sql': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

void main();

async function main(): Promise<void> {
  const seed = Number(values.seed);
  const [kills, moves, devices] = [Number(values.kills), Number(values.moves), Number(values.devices)];
  const report = values.json ? {} : { report: (line: string) => console.log(line) };
  const result = await runChaos({ seed, kills, moves, devices, sql: !values['no-sql'], ...report });
  console.log(JSON.stringify(result, null, values.json ? 0 : 2));
  const { unanswered, doubled, lost, untrue } = result.answers;
  const sound = unanswered + doubled + lost + untrue + result.unasked + result.verdict.differing === 0;
  if (!sound) console.error(`not sound; repeat with --seed ${seed} --kills ${kills} --moves ${moves}`);
  process.exitCode = sound ? 0 : 1;
}
