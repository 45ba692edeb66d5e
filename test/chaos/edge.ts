/**
 * Kills an agent and its broker while it reads a plant, breaks the line between them, and compares SQL with the outbox.
 *
 *   node dist/test/chaos/edge.js [--seed N] [--kills 200] [--devices 16] [--scan-ms 50] [--json]
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../edge-agent/chaos/chaos-run';
import { schedule } from '../edge-agent/chaos/schedule';
import { Random } from './support/random';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '200' },
    devices: { type: 'string', default: '16' },
    'scan-ms': { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
  },
});

void main(Number(values.seed), Number(values.kills));

async function main(seed: number, kills: number): Promise<void> {
  const load = { devices: Number(values.devices), scan_ms: Number(values['scan-ms']) };
  const report = values.json ? {} : { report: (line: string) => console.log(line) };
  report.report?.(`seed ${seed}: ${kills} kills, ${load.devices} devices read every ${load.scan_ms} ms`);
  const result = await runChaos({ blows: schedule(kills, new Random(seed)), load, ...report });
  console.log(JSON.stringify({ seed, ...result }, null, values.json ? 0 : 2));
  const sound = result.readings > 0 && result.faults.length === 0;
  if (!sound) console.error(`not exactly once; repeat with --seed ${seed} --kills ${kills}`);
  process.exitCode = sound ? 0 : 1;
}
