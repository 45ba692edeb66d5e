/** Campaigns of a chaos run: signed, uploaded, begun, and waited for while something happens. */
import { createHash, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { signManifest } from '../../../schemas/manifest';
import { type CampaignState } from '../../../services/domain/campaign';
import { type Instance } from '../../workflows/support/instance';
import { type Random } from './random';

const BETWEEN_KILLS_MS = 3_000;
const LOOK_MS = 1_000;
const END_MS = 600_000;
const DAY_MS = 86_400_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Ran {
  readonly sha256: string;
  readonly state: CampaignState;
}

export interface Wanted {
  readonly content: string | Buffer;
  readonly model: string;
  readonly counter: number;
  /** The rest of the request: stages, rates, time-outs. */
  readonly body: object;
  /** What happens meanwhile; `phase` tells what was last heard of the campaign. */
  readonly meanwhile: (phase: () => string) => Promise<void>;
}

export async function campaign(instance: Instance, wanted: Wanted): Promise<Ran> {
  const { content, model, counter, body, meanwhile } = wanted;
  const image = typeof content === 'string' ? Buffer.from(content) : content;
  const sha256 = createHash('sha256').update(image).digest('hex');
  const manifest = signManifest(
    {
      ...{ spec: 1, kind: 'firmware', model, version: `${counter}.0`, counter, length: image.length, sha256 },
      expires: new Date(Date.now() + DAY_MS).toISOString(),
    },
    [createPrivateKey(readFileSync(instance.dir.imageKeys.private))],
  );
  await instance.put(`/images/${sha256}`, image);
  const request = { filter: { model }, manifest, ...body };
  const { campaign_id } = await instance.api<{ campaign_id: string }>('POST', '/campaigns', request);
  let phase = 'running';
  const heard = (state: CampaignState): void => void (phase = state.phase);
  const [state] = await Promise.all([ended(instance, campaign_id, heard), meanwhile(() => phase)]);
  return { sha256, state };
}

async function ended(instance: Instance, id: string, heard: (state: CampaignState) => void): Promise<CampaignState> {
  for (const end = Date.now() + END_MS; Date.now() < end; await pause(LOOK_MS)) {
    const state = await instance.api<CampaignState>('GET', `/campaigns/${id}`).catch(() => undefined);
    if (state) heard(state);
    if (state && ['done', 'rolled-back', 'aborted'].includes(state.phase)) return state;
  }
  throw new Error(`campaign ${id} has not ended`);
}

/** kill -9 of each once, in the order of the seed; the launcher starts them again. */
export async function killAll(
  instance: Instance,
  victims: readonly string[],
  random: Random,
  killed: (victim: string) => void,
): Promise<void> {
  const left = [...victims];
  while (left.length > 0) {
    const [victim = ''] = left.splice(random.below(left.length), 1);
    let pid = instance.pid(victim);
    for (; pid === undefined || !instance.isReady(victim); pid = instance.pid(victim)) await pause(LOOK_MS);
    process.kill(pid, 'SIGKILL');
    killed(victim);
    await pause(BETWEEN_KILLS_MS);
  }
}
