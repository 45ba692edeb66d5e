/** A profile from disk, through every check, to the plan. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { projectRoot } from '../schemas/root';
import { modbusRules } from './adapters/modbus/rules';
import { checkProfile } from './core/compile/check';
import { compileProfile } from './core/compile/compile';
import { type AgentPlan } from './core/compile/plan';
import { type ProtocolRules } from './core/compile/protocol';
import { type Env } from './core/profile/document';
import { loadProfile, problemsOf } from './core/profile/load';
import { type Problem, problemText } from './core/profile/problem';

export const PROTOCOLS: readonly ProtocolRules[] = [modbusRules];

export class ProfileError extends Error {
  readonly code = 'invalid-profile';
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ProfileError';
  }
}

export function schemaOfProfiles(): object {
  const file = join(projectRoot(), 'edge-agent/core/profile/profile.schema.json');
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

/** Throws ProfileError with everything that is wrong. */
export function readPlan(file: string, env: Env): AgentPlan {
  const result = loadProfile({
    file,
    text: textOf(file),
    env,
    schema: schemaOfProfiles(),
    readFile: (name) => readFileSync(resolve(dirname(file), name), 'utf8'),
  });
  if (!result.ok) throw new ProfileError(result.problems);
  const { loaded } = result;
  const issues = checkProfile(loaded.profile, PROTOCOLS);
  if (issues.length > 0) throw new ProfileError(problemsOf(issues, loaded));
  return compileProfile(loaded.profile, PROTOCOLS);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const expected = `a readable file: ${(cause as Error).message}`;
    throw new ProfileError([{ file, line: 1, column: 1, path: '', value: '', expected, suggestion: '' }]);
  }
}
