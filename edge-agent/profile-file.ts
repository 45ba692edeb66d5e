/** A profile from disk, through every check, to the plan. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { projectRoot } from '../schemas/root';
import { amqp10Rules } from './adapters/amqp/rules';
import { amqp091Rules } from './adapters/amqp-0-9-1/rules';
import { coapRules } from './adapters/coap/rules';
import { httpRules } from './adapters/http/rules';
import { bacnetRules } from './adapters/bacnet/rules';
import { canRules } from './adapters/can/rules';
import { modbusRules } from './adapters/modbus/rules';
import { mqttRules } from './adapters/mqtt/rules';
import { mqttListenerRules } from './adapters/mqtt-listener/rules';
import { sparkplugRules } from './adapters/sparkplug-b/rules';
import { opcuaRules } from './adapters/opcua/rules';
import { type ClaimedDevice, withClaimed, withNewcomers } from './core/claims';
import { checkProfile } from './core/compile/check';
import { compileProfile } from './core/compile/compile';
import { type AgentPlan } from './core/compile/plan';
import { type ProtocolRules } from './core/compile/protocol';
import { type Env } from './core/profile/document';
import { loadProfile, problemsOf } from './core/profile/load';
import { type Problem, problemText } from './core/profile/problem';
import { type Profile } from './core/profile/types';

export const PROTOCOLS: readonly ProtocolRules[] = [
  modbusRules,
  opcuaRules,
  bacnetRules,
  canRules,
  mqttRules,
  sparkplugRules,
  httpRules,
  coapRules,
  mqttListenerRules,
  amqp10Rules,
  amqp091Rules,
];

export class ProfileError extends Error {
  readonly code = 'invalid-profile';
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ProfileError';
  }
}

let schema: object | undefined;

/** Read once: what is compiled from it (0.2 s and more) is kept by the object. */
export function schemaOfProfiles(): object {
  const file = join(projectRoot(), 'edge-agent/core/profile/profile.schema.json');
  return (schema ??= JSON.parse(readFileSync(file, 'utf8')) as object);
}

/** A profile as text, with the tag lists it names. */
export interface ProfileText {
  readonly file: string;
  readonly text: string;
  /** Text of a file named in the profile. Throws when it cannot be read. */
  readonly readFile: (name: string) => string;
  /** Devices that came with a claim code. */
  readonly claimed?: readonly ClaimedDevice[];
}

export const profileOnDisk = (file: string): ProfileText => ({
  file,
  text: textOf(file),
  readFile: (name) => readFileSync(resolve(dirname(file), name), 'utf8'),
});

/** Throws ProfileError with everything that is wrong. */
export function readPlan(file: string, env: Env, claimed: readonly ClaimedDevice[] = []): AgentPlan {
  return planOfText({ ...profileOnDisk(file), claimed }, env);
}

/** Throws ProfileError with everything that is wrong. */
export function planOfText(profile: ProfileText, env: Env): AgentPlan {
  return compileProfile(checkedProfile(profile, env), PROTOCOLS);
}

/** Throws ProfileError with everything that is wrong. */
export function checkedProfile(profile: ProfileText, env: Env): Profile {
  const result = loadProfile({ ...profile, env, schema: schemaOfProfiles() });
  if (!result.ok) throw new ProfileError(result.problems);
  const { loaded } = result;
  const issues = checkProfile(withNewcomers(loaded.profile), PROTOCOLS);
  if (issues.length > 0) throw new ProfileError(problemsOf(issues, loaded));
  return withClaimed(loaded.profile, profile.claimed ?? []);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const expected = `a readable file: ${(cause as Error).message}`;
    throw new ProfileError([{ file, line: 1, column: 1, path: '', value: '', expected, suggestion: '' }]);
  }
}
