/** The steps over a real platform. */
import { type Admin, type Kafka } from 'kafkajs';
import { schemas } from '../../schemas/codec';
import {
  createKafka,
  ensureTopics,
  registerSchemas,
  registryHeaders,
  type StreamConfig,
  streamConfig,
} from '../../schemas/stream';
import { AgentTopics, subjectOf, type Topic, Topics } from '../../schemas/topics';
import { sourceFiles } from '../clickhouse/files';
import { type Env, loginOf, targetOf } from '../clickhouse/from-env';
import { over } from '../clickhouse/http';
import { applied, type Applied, migrate, plan } from '../clickhouse/migrate';
import { type Migration, MigrationError, render } from '../clickhouse/render';
import { type Step, STEPS } from './steps';

const CLIENT_ID = 'millrace-setup';
const REGISTRY_TIMEOUT_MS = 10_000;

/** The steps that are wanted, in order; only their components need to be configured. */
export function platformSteps(env: Env, replication: number, wanted: readonly Step['name'][]): Step[] {
  const stream = streamConfig(env, CLIENT_ID);
  const kafka = createKafka(stream, { warn: () => undefined }); // a failure is thrown as well
  const steps = {
    topics: () => topicStep(kafka, replication),
    schemas: () => schemaStep(stream),
    tables: () => tableStep(env),
  };
  return STEPS.filter((name) => wanted.includes(name)).map((name) => steps[name]());
}

function topicStep(kafka: Kafka, replication: number): Step {
  const topics = Object.values(Topics);
  return {
    name: 'topics',
    missing: () =>
      withAdmin(kafka, async (admin) => {
        const there = new Set(await admin.listTopics());
        return topics.map((t) => t.name).filter((name) => !there.has(name));
      }),
    make: () => withAdmin(kafka, (admin) => ensureTopics(admin, topics, replication)),
  };
}

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The id of an agent does not matter: all copies of its topics share a subject. */
const ANY = 'any';

function schemaStep(stream: StreamConfig): Step {
  const written: Topic[] = [
    ...Object.values(Topics),
    ...[AgentTopics.commands(ANY), AgentTopics.devices(ANY), AgentTopics.profile(ANY), AgentTopics.probes(ANY)],
  ];
  const missing = async (): Promise<string[]> => {
    const known = await Promise.all(written.map((t) => isRegistered(stream, t)));
    return written.flatMap((t, i) => (known[i] === true ? [] : [subjectOf(t)]));
  };
  return { name: 'schemas', missing, make: async () => void (await registerSchemas(stream, written)) };
}

/** Whether the subject has this very schema, among its versions. */
async function isRegistered(stream: StreamConfig, topic: Topic): Promise<boolean> {
  const answer = await fetch(`${stream.registryUrl.replace(/\/$/, '')}/subjects/${subjectOf(topic)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...registryHeaders(stream) },
    body: JSON.stringify({ schema: JSON.stringify(schemas[topic.schema]) }),
    signal: AbortSignal.timeout(REGISTRY_TIMEOUT_MS),
  });
  await answer.arrayBuffer();
  if (answer.ok) return true;
  if (answer.status === 404) return false;
  throw new Error(`the schema registry answers HTTP ${answer.status} for ${subjectOf(topic)}`);
}

function tableStep(env: Env): Step {
  const target = targetOf(env);
  const migrations = render(sourceFiles(), target);
  const execute = over(loginOf(env));
  return {
    name: 'tables',
    missing: async () => lacking(migrations, await applied(execute, target)),
    make: async () => void (await migrate(execute, migrations, target)),
  };
}

/** A database that is newer than these files has all of them: so it is after a release was rolled back. */
export function lacking(migrations: readonly Migration[], had: readonly Applied[]): string[] {
  try {
    return plan(migrations, had).map((m) => m.name);
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'newer-database') return [];
    throw error;
  }
}
