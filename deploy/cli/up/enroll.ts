/** `up --secure`: the agent gets its certificate as one in the field does, with a claim code. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DataDir } from '../../local/data-dir';
import { run } from '../../local/install/run';
import { LauncherError } from '../../local/supervisor/errors';
import { type ApiClient } from '../api-client';

const ENROLL_TIMEOUT_MS = 60_000;

export interface Enrolling {
  readonly agentId: string;
  readonly api: ApiClient;
  /** Of the API. */
  readonly url: string;
  readonly dir: DataDir;
  readonly projectRoot: string;
  readonly now: number;
}

/** Does nothing while the certificate holds: the agent renews it by itself. Throws LauncherError. */
export async function enrollAgent({ agentId, api, url, dir, projectRoot, now }: Enrolling): Promise<void> {
  const data = dir.of('agent');
  if (isCertified(join(data, 'identity', 'identity.json'), now)) return;
  const { claim } = await api.post<{ claim: string }>(`/identities/agent/${encodeURIComponent(agentId)}/claim`);
  const main = join(projectRoot, 'dist', 'edge-agent', 'main.js');
  const env = { ...process.env, MILLRACE_CLAIM: claim };
  const args = [main, 'enroll', '--data', data, '--api', url];
  const { exitCode, stderr } = await run(process.execPath, args, { env, timeout_ms: ENROLL_TIMEOUT_MS });
  if (exitCode === 0) return;
  throw new LauncherError('exited', `enroll ${agentId}`, stderr.trim(), 'see `millrace logs api`');
}

function isCertified(file: string, now: number): boolean {
  if (!existsSync(file)) return false;
  return (JSON.parse(readFileSync(file, 'utf8')) as { expires_at: number }).expires_at > now;
}
