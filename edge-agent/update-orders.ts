/** Orders to install images, brought to what carries them out; the version a device has is told as a reading of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trustOf } from '../schemas/manifest';
import { type AgentOptions } from './agent';
import { type AgentPlan } from './core/compile/plan';
import { type Env } from './core/profile/document';
import { type Clock } from './io/clock';
import { type TurnDeps } from './io/commands/turns';
import { download, httpRange } from './io/update/download';
import { programTool } from './io/update/tool';
import { Updates, type UpdatesOptions } from './io/update/updates';
import { type Pipeline } from './pipeline';

/** Reading that tells the version of the image in force. */
export const VERSION_METRIC = 'image_version';

export function updateOrders(
  { updates, deps }: Pick<AgentOptions, 'updates' | 'deps'>,
  plan: () => AgentPlan,
  pipeline: Pipeline,
): NonNullable<TurnDeps['update']> {
  const told = (device: string, version: string): void =>
    pipeline.report(device, VERSION_METRIC, { at: deps.clock.now(), value: version, quality: 0 });
  const work = updates?.(told);
  return (order, left_ms) => {
    const device = plan().devices.get(order.device_id);
    return device && work?.carryOut(order, device.model, left_ms);
  };
}

/**
 * AGENT_UPDATER (program, see io/update/tool.ts), AGENT_UPDATE_KEYS (file of PEM public keys), AGENT_UPDATE_SIGNATURES (how many of
 * them must have signed), AGENT_IMAGES_URL, AGENT_IMAGES_TOKEN_FILE. Undefined unless the first, second and fourth are set.
 */
export function updatesFrom(env: Env, dataDir: string, clock: Clock): AgentOptions['updates'] {
  const { AGENT_UPDATER: program, AGENT_UPDATE_KEYS: keys, AGENT_IMAGES_URL: url } = env;
  if (!program || !keys || !url) return undefined;
  if (!existsSync(program)) throw new Error(`AGENT_UPDATER names ${program}, which is not there`);
  const trust = trustOf(readFileSync(keys, 'utf8'), Number(env['AGENT_UPDATE_SIGNATURES'] || 1));
  const tokenFile = env['AGENT_IMAGES_TOKEN_FILE'];
  const fetchRange = httpRange(url, tokenFile ? readFileSync(tokenFile, 'utf8').trim() : undefined);
  const directory = join(dataDir, 'images');
  const fixed: Omit<UpdatesOptions, 'onInstalled'> = {
    ...{ trust, clock, tool: programTool(program), file: join(dataDir, 'images.json') },
    download: (manifest, until) => download(manifest, until, { directory, fetchRange, clock }),
  };
  return (onInstalled) => new Updates({ ...fixed, onInstalled });
}
