import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkProfile } from '../../edge-agent/core/compile/check';
import { compileProfile } from '../../edge-agent/core/compile/compile';
import { type AgentPlan, type ConnectionPlan } from '../../edge-agent/core/compile/plan';
import { loadProfile, problemsOf } from '../../edge-agent/core/profile/load';
import { problemText } from '../../edge-agent/core/profile/problem';
import { PROTOCOLS } from '../../edge-agent/profile-file';
import { projectRoot } from '../../schemas/root';

const schema = JSON.parse(
  readFileSync(join(projectRoot(), 'edge-agent/core/profile/profile.schema.json'), 'utf8'),
) as object;

/** The plan of a profile that must be valid; throws with its problems when it is not. */
export function planOf(text: string, file = 'profile.yaml'): AgentPlan {
  const noFiles = (name: string): string => {
    throw new Error(`no file ${name} here`);
  };
  const result = loadProfile({ file, text, env: {}, schema, readFile: noFiles });
  if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'));
  const issues = checkProfile(result.loaded.profile, PROTOCOLS);
  if (issues.length > 0) throw new Error(problemsOf(issues, result.loaded).map(problemText).join('\n'));
  return compileProfile(result.loaded.profile, PROTOCOLS);
}

/** The only connection of a profile. */
export function connectionOf(text: string): ConnectionPlan {
  const [connection] = planOf(text).connections;
  if (!connection) throw new Error('no connection');
  return connection;
}
