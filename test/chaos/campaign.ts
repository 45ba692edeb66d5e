/**
 * A campaign with an image that does not work, while every service is killed once: it must halt in its first stage, and every
 * device that took the image must be back on what it had. The devices' own record of calls is the witness.
 *
 *   node dist/test/chaos/campaign.js [--devices 200] [--seed 1] [--json]
 */
import { createHash, createPrivateKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signManifest } from '../../schemas/manifest';
import { type CampaignState } from '../../services/domain/campaign';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { Random } from './support/random';

const VICTIMS = ['worker', 'relay', 'api', 'agent', 'kafka', 'temporal'];
const STAGES = [10, 50, 100].map((percent) => ({ percent, soak_ms: percent === 100 ? 0 : 1_000 }));
const BETWEEN_KILLS_MS = 3_000;
const LOOK_MS = 1_000;
const END_MS = 600_000;
const DEVICE_TIMEOUT_MS = 300_000;
const DAY_MS = 86_400_000;

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

void main(Number(values.devices), Number(values.seed));

async function main(devices: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const instance = await Instance.start(loadProfile(devices, 60_000), ['presence']);
  try {
    const good = await campaign(instance, `good ${seed}`, 1, () => Promise.resolve());
    const killed: string[] = [];
    const bad = await campaign(instance, `BAD ${seed}`, 2, () => killAll(instance, random, killed));
    report(instance, devices, { good, bad }, killed);
  } finally {
    await instance.stop();
  }
}

interface Ran {
  readonly sha256: string;
  readonly state: CampaignState;
}

/** Signs, uploads, starts, and waits for the end while `meanwhile` happens. */
async function campaign(
  instance: Instance,
  content: string,
  counter: number,
  meanwhile: () => Promise<void>,
): Promise<Ran> {
  const image = Buffer.from(content);
  const sha256 = createHash('sha256').update(image).digest('hex');
  const manifest = signManifest(
    {
      ...{ spec: 1, kind: 'firmware', model: 'slot', version: `${counter}.0`, counter, length: image.length, sha256 },
      expires: new Date(Date.now() + DAY_MS).toISOString(),
    },
    [createPrivateKey(readFileSync(instance.dir.imageKeys.private))],
  );
  await instance.put(`/images/${sha256}`, image);
  const body = {
    filter: { model: 'slot' },
    manifest,
    stages: STAGES,
    rate_per_s: 100,
    device_timeout_ms: DEVICE_TIMEOUT_MS,
  };
  const { campaign_id } = await instance.api<{ campaign_id: string }>('POST', '/campaigns', body);
  say(`campaign ${campaign_id}: ${content}`);
  const [state] = await Promise.all([ended(instance, campaign_id), meanwhile()]);
  return { sha256, state };
}

async function ended(instance: Instance, id: string): Promise<CampaignState> {
  for (const end = Date.now() + END_MS; Date.now() < end; await pause(LOOK_MS)) {
    const state = await instance.api<CampaignState>('GET', `/campaigns/${id}`).catch(() => undefined);
    if (state && ['done', 'rolled-back', 'aborted'].includes(state.phase)) return state;
  }
  throw new Error(`campaign ${id} has not ended`);
}

/** kill -9 of each once, in the order of the seed; the launcher starts them again. */
async function killAll(instance: Instance, random: Random, killed: string[]): Promise<void> {
  const left = [...VICTIMS];
  while (left.length > 0) {
    const [victim = ''] = left.splice(random.below(left.length), 1);
    let pid = instance.pid(victim);
    for (; pid === undefined || !instance.isReady(victim); pid = instance.pid(victim)) await pause(LOOK_MS);
    process.kill(pid, 'SIGKILL');
    killed.push(victim);
    say(`killed ${victim}`);
    await pause(BETWEEN_KILLS_MS);
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
