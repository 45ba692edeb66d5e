/** `agent profile push | show | withdraw`: what the platform desires of an agent, on the topic the agent listens to. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Kafka } from 'kafkajs';
import { type AgentProfile } from '../../schemas/generated';
import {
  BROKERS_REPLICATION,
  committedConsumer,
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  streamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { withLeader } from '../../schemas/leaders';
import { AgentTopics, deviceKey } from '../../schemas/topics';
import { type AgentPlan } from '../core/compile/plan';
import { type Env } from '../core/profile/document';
import { problemText } from '../core/profile/problem';
import { planOfText, ProfileError, profileOnDisk } from '../profile-file';
import { type Output } from './validate';

/** With room for its framing below the usual bound of a broker (1 MB). */
const MAX_PROFILE_BYTES = 900_000;

export interface PushOptions {
  readonly file: string;
  readonly by: string;
  readonly env: Env;
  readonly now: number;
}

/** Exit code: 0 pushed, 1 not valid or too large. */
export async function pushProfile({ file, by, env, now }: PushOptions, output: Output): Promise<number> {
  const files: Record<string, string> = {};
  let plan: AgentPlan;
  let text: string;
  try {
    const profile = profileOnDisk(file);
    ({ text } = profile);
    const readFile = (name: string): string => (files[name] = readFileSync(resolve(dirname(file), name), 'utf8'));
    plan = planOfText({ ...profile, readFile }, env);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    output.err(`${error.problems.map(problemText).join('\n')}\nnothing was pushed`);
    return 1;
  }
  const bytes = Buffer.byteLength(text) + Object.values(files).reduce((n, f) => n + Buffer.byteLength(f), 0);
  if (bytes > MAX_PROFILE_BYTES) {
    output.err(`${file} and its tag lists are ${bytes} bytes, at most ${MAX_PROFILE_BYTES} can be sent: use models`);
    return 1;
  }
  const { agent_id, tenant } = plan;
  const stream = connect(env);
  const version = ((await lastOf(stream, agent_id))?.version ?? 0) + 1;
  await send(stream, agent_id, tenant, { tenant, agent_id, version, profile: text, files, by, at: now });
  output.out(`version ${version} is what agent ${agent_id} is to work by; what it makes of it is in its readings:`);
  output.out(
    `  SELECT metric, value, value_text, ts FROM latest_values WHERE device_id = '${agent_id}' AND metric LIKE 'profile_%'`,
  );
  return 0;
}

/** Exit code: 0 shown, 1 when there is none. */
export async function showProfile(agentId: string, env: Env, json: boolean, output: Output): Promise<number> {
  const profile = await lastOf(connect(env), agentId);
  if (!profile) {
    output.err(`nothing is desired of agent ${agentId}: it works by its own file`);
    return 1;
  }
  if (json) output.out(JSON.stringify(profile));
  else {
    const { version, by, at, files } = profile;
    const lists = Object.keys(files);
    output.err(`version ${version}, ${new Date(at).toISOString()}${by && `, by ${by}`}`);
    if (lists.length > 0) output.err(`with ${lists.join(', ')}`);
    output.out(profile.profile.trimEnd());
  }
  return 0;
}

export async function withdrawProfile(agentId: string, tenant: string, env: Env, output: Output): Promise<number> {
  await send(connect(env), agentId, tenant, null);
  output.out(`agent ${agentId} goes back to the file it was started with`);
  return 0;
}

interface Stream {
  readonly config: StreamConfig;
  readonly kafka: Kafka;
  readonly replicationFactor: number;
}

function connect(env: Env): Stream {
  const config = streamConfig(env, 'agent-profile');
  const kafka = createKafka(config, { warn: () => undefined });
  return { config, kafka, replicationFactor: Number(env['KAFKA_REPLICATION_FACTOR'] || BROKERS_REPLICATION) };
}

async function send({ config, kafka }: Stream, agent: string, tenant: string, p: AgentProfile | null): Promise<void> {
  const topic = AgentTopics.profile(agent);
  const value = p && new EventWriter(topic, await registerSchemas(config, [topic])).write(p);
  const producer = idempotentProducer(kafka);
  await producer.connect();
  try {
    const messages = [{ key: deviceKey(tenant, agent), value }];
    await withLeader(() => producer.send({ topic: topic.name, messages }));
  } finally {
    await producer.disconnect();
  }
}

/** The last record of the topic, which is made when it is not there; undefined when there is none or it was withdrawn. */
async function lastOf({ config, kafka, replicationFactor }: Stream, agent: string): Promise<AgentProfile | undefined> {
  const topic = AgentTopics.profile(agent);
  const admin = kafka.admin();
  await admin.connect();
  let end: bigint;
  try {
    await ensureTopics(admin, [topic], replicationFactor);
    const [partition] = await withLeader(() => admin.fetchTopicOffsets(topic.name));
    if (!partition || partition.high === partition.low) return undefined;
    end = BigInt(partition.high);
  } finally {
    await admin.disconnect();
  }
  const value = await valueBefore(kafka, topic.name, end);
  return value ? new EventReader('agent-profile', new WriterSchemas(config)).read(value) : undefined;
}

/** The last value before an offset. Seeks, and commits nothing: the group exists only in name. */
async function valueBefore(kafka: Kafka, topic: string, end: bigint): Promise<Buffer | null> {
  const consumer = committedConsumer(kafka, `agent-profile-reader-${topic}`);
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<Buffer | null>((found, failed) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
      void consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch }) => {
            const last = batch.messages.at(-1);
            if (last && BigInt(batch.lastOffset()) + 1n >= end) found(last.value);
            return Promise.resolve();
          },
        })
        .catch(failed);
    });
  } finally {
    await consumer.disconnect();
  }
}
