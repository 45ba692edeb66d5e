/**
 * A campaign with an image that does not work, while every service is killed once: it must halt in its first stage, and every
 * device that took the image must be back on what it had. The devices' own record of calls is the witness.
 *
 *   node dist/test/chaos/campaign.js [--devices 200] [--seed 1] [--json]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { campaign, killAll, type Ran } from './support/campaigns';
import { Random } from './support/random';

const VICTIMS = ['worker', 'relay', 'api', 'agent', 'kafka', 'temporal'];
const STAGES = [10, 50, 100].map((percent) => ({ percent, soak_ms: percent === 100 ? 0 : 1_000 }));
const BODY = { stages: STAGES, rate_per_s: 100, device_timeout_ms: 300_000 };

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  if (!values.json) console.log(text);
};

void main(Number(values.devices), Number(values.seed));

async function main(devices: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const instance = await Instance.start(loadProfile(devices, 60_000), ['presence']);
  try {
    const of = { model: 'slot', body: BODY };
    const nothing = (): Promise<void> => Promise.resolve();
    const good = await campaign(instance, { ...of, content: `good ${seed}`, counter: 1, meanwhile: nothing });
    const killed: string[] = [];
    const kill = (victim: string): void => {
      killed.push(victim);
      say(`killed ${victim}`);
    };
    const meanwhile = (): Promise<void> => killAll(instance, VICTIMS, random, kill);
    const bad = await campaign(instance, { ...of, content: `BAD ${seed}`, counter: 2, meanwhile });
    report(instance, devices, { good, bad }, killed);
  } finally {
    await instance.stop();
  }
}

interface Device {
  readonly current: string;
  readonly calls: readonly string[];
}

function devicesOf(instance: Instance): Device[] {
  const root = join(instance.dir.of('plant'), 'images');
  const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
  return readdirSync(root).map((id) => ({
    current: text(join(root, id, 'current.sha256')),
    calls: text(join(root, id, 'calls')).split('\n'),
  }));
}

function report(
  instance: Instance,
  devices: number,
  { good, bad }: Readonly<Record<'good' | 'bad', Ran>>,
  killed: string[],
): void {
  const all = devicesOf(instance);
  const touched = all.filter((d) => d.calls.includes(`apply ${bad.sha256}`)).length;
  const firstStage = Math.ceil((devices * (STAGES[0]?.percent ?? 0)) / 100);
  const faults = [
    good.state.phase === 'done' ? '' : `the good image is ${good.state.phase}: ${good.state.detail}`,
    all.length === devices ? '' : `${all.length} of ${devices} devices were ever asked`,
    bad.state.phase === 'rolled-back' ? '' : `the bad image is ${bad.state.phase}`,
    bad.state.stages.length === 1 ? '' : `${bad.state.stages.length} stages were begun with the bad image`,
    touched > 0 && touched <= firstStage
      ? ''
      : `${touched} devices took the bad image, the first stage has ${firstStage}`,
    all.every((d) => d.current === good.sha256) ? '' : 'a device is not on the good image',
  ].filter((f) => f !== '');
  console.log(JSON.stringify({ seed: Number(values.seed), devices, killed, touched, first_stage: firstStage, faults }));
  process.exitCode = faults.length === 0 ? 0 : 1;
}
