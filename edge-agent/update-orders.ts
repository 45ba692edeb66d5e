/**
 * Orders to install images, brought to what carries them out; the version a device has is told as a reading of it. The agent itself
 * is a device, too: its id, of the model `agent`, and its images are releases (deploy/systemd/millrace-release).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trustOf } from '../schemas/manifest';
import { type AgentOptions } from './agent';
import { type AgentPlan } from './core/compile/plan';
import { type Env } from './core/profile/document';
import { type Clock } from './io/clock';
import { type TurnDeps } from './io/commands/turns';
import { download, httpRange } from './io/update/download';
import { programTool, type Tool } from './io/update/tool';
import { Updates, type UpdatesOptions } from './io/update/updates';
import { type Pipeline } from './pipeline';

/** Reading that tells the version of the image in force. */
export const VERSION_METRIC = 'image_version';
/** What campaigns call an agent. */
export const AGENT_MODEL = 'agent';

export function updateOrders(
  { updates, deps }: Pick<AgentOptions, 'updates' | 'deps'>,
  plan: () => AgentPlan,
  pipeline: Pipeline,
): NonNullable<TurnDeps['update']> {
  const told = (device: string, version: string): void => {
    const reading = { at: deps.clock.now(), value: version, quality: 0 };
    if (device === plan().agent_id) pipeline.tellOfAgent(new Map([[VERSION_METRIC, reading]]));
    else pipeline.report(device, VERSION_METRIC, reading);
  };
  const work = updates?.(told);
  return (order, left_ms) => {
    const { agent_id, devices } = plan();
    const model = order.device_id === agent_id ? AGENT_MODEL : devices.get(order.device_id)?.model;
    return model === undefined ? undefined : work?.carryOut(order, model, left_ms);
  };
}

/**
 * AGENT_UPDATER (program, see io/update/tool.ts) for devices, AGENT_RELEASE_TOOL for the agent itself, AGENT_UPDATE_KEYS (file of PEM public
 * keys), AGENT_UPDATE_SIGNATURES (how many of them must have signed), AGENT_IMAGES_URL, AGENT_IMAGES_TOKEN_FILE. Undefined without
 * keys, address and at least one program.
 */
export function updatesFrom(env: Env, dataDir: string, clock: Clock): AgentOptions['updates'] {
  const { AGENT_UPDATE_KEYS: keys, AGENT_IMAGES_URL: url } = env;
  const tools = { devices: toolIn(env, 'AGENT_UPDATER'), agent: toolIn(env, 'AGENT_RELEASE_TOOL') };
  if ((!tools.devices && !tools.agent) || !keys || !url) return undefined;
  const trust = trustOf(readFileSync(keys, 'utf8'), Number(env['AGENT_UPDATE_SIGNATURES'] || 1));
  const tokenFile = env['AGENT_IMAGES_TOKEN_FILE'];
  const fetchRange = httpRange(url, tokenFile ? readFileSync(tokenFile, 'utf8').trim() : undefined);
  const directory = join(dataDir, 'images');
  const fixed: Omit<UpdatesOptions, 'onInstalled'> = {
    ...{ trust, clock, tool: toolFor(tools), file: join(dataDir, 'images.json') },
    download: (manifest, until) => download(manifest, until, { directory, fetchRange, clock }),
  };
  return (onInstalled) => new Updates({ ...fixed, onInstalled });
}

function toolIn(env: Env, variable: 'AGENT_UPDATER' | 'AGENT_RELEASE_TOOL'): Tool | undefined {
  const program = env[variable];
  if (!program) return undefined;
  if (!existsSync(program)) throw new Error(`${variable} names ${program}, which is not there`);
  return programTool(program, env);
}

/** The program for devices never sees an image for the agent, nor the other way round. */
export const toolFor =
  (tools: Readonly<Record<'devices' | 'agent', Tool | undefined>>): Tool =>
  (verb, call, timeout_ms) => {
    const tool = call.model === AGENT_MODEL ? tools.agent : tools.devices;
    return tool?.(verb, call, timeout_ms) ?? Promise.resolve(`this agent has no program for images of ${call.model}`);
  };
