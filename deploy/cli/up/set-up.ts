/** What must exist before the services start: topics, schemas, tables. Each is idempotent and runs at every start. */
import { spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { type Admin } from 'kafkajs';
import { createKafka, ensureTopics, registerSchemas, streamConfig } from '../../../schemas/stream';
import { AgentTopics, type Topic, Topics } from '../../../schemas/topics';
import { type DataDir } from '../../local/data-dir';
import { type StackOptions } from '../../local/stack';
import { LauncherError } from '../../local/supervisor/errors';
import { lastLines, logPath, openLog } from '../../local/supervisor/log-file';

type Env = Readonly<Record<string, string>>;

const CLIENT_ID = 'millrace-launcher';
const LEADERS_TIMEOUT_MS = 30_000;
const LEADERS_POLL_MS = 200;

function topicsOf(agentId: string): Topic[] {
  return [...Object.values(Topics), AgentTopics.commands(agentId), AgentTopics.devices(agentId)];
}

export function setUp(
  agentId: string,
  env: () => Env,
  dir: DataDir,
  projectRoot: string,
  instance: string,
): StackOptions['setUp'] {
  return {
    topics: async () => {
      const kafka = createKafka(streamConfig(env(), CLIENT_ID), { warn: () => undefined }); // a failure is thrown as well
      const admin = kafka.admin();
      await admin.connect();
      try {
        const topics = topicsOf(agentId);
        await ensureTopics(admin, topics);
        await leadersAnswer(admin, topics);
      } finally {
        await admin.disconnect();
      }
    },
    schemas: async () => {
      await registerSchemas(streamConfig(env(), CLIENT_ID), topicsOf(agentId), agentOf(env()));
    },
    tables: () => migrate({ ...env(), MILLRACE_INSTANCE: instance }, dir, projectRoot),
  };
}

/** With `--secure` the registry's authority is younger than this process (deploy/local/secure/fetch.ts). */
function agentOf(env: Env): Agent | undefined {
  const authorities = env['NODE_EXTRA_CA_CERTS'];
  if (!authorities || !env['SCHEMA_REGISTRY_URL']?.startsWith('https:')) return undefined;
  return new Agent({ ca: [...rootCertificates, readFileSync(authorities, 'utf8')], minVersion: 'TLSv1.2' });
}

/** A leader that is known may not lead yet, for a moment after its topic was made: readers would fall over that. */
async function leadersAnswer(admin: Admin, topics: readonly Topic[]): Promise<void> {
  const deadline = Date.now() + LEADERS_TIMEOUT_MS;
  for (const t of topics)
    for (;;) {
      try {
        await admin.fetchTopicOffsets(t.name);
        break;
      } catch (e) {
        if (Date.now() > deadline) throw e;
        await sleep(LEADERS_POLL_MS);
      }
    }
}

/** Numbered statements, applied by their own program: production runs the same one. */
async function migrate(env: Env, dir: DataDir, projectRoot: string): Promise<void> {
  const log = openLog(dir.logs, 'tables');
  const main = join(projectRoot, 'dist', 'deploy', 'clickhouse', 'main.js');
  const child = spawn(process.execPath, [main], { cwd: dir.path, env, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code === 0) return;
  throw migrationFailed(code, lastLines(logPath(dir.logs, 'tables'), 1)[0] ?? '');
}

/** Its last line is JSON that says what is wrong and what to do. */
function migrationFailed(code: number | null, line: string): LauncherError {
  const operation = 'apply deploy/clickhouse';
  try {
    const { message, hint } = JSON.parse(line) as { message: string; hint?: string };
    return new LauncherError('exited', operation, message, hint ?? 'see `millrace logs tables`');
  } catch {
    return new LauncherError('exited', operation, `exited with ${code}: ${line}`, 'see `millrace logs tables`');
  }
}
