/** The only place that configures kafkajs and the schema registry's client: TLS, SASL, retries, ids. */
import './kafkajs-sending';
import './kafkajs-reading';
import { type Agent } from 'node:http';
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { type Admin, type Consumer, Kafka, logLevel } from 'kafkajs';
import { Decoder, Encoder, frame, schemas, unframe, type EventTypes } from './codec';
import { rememberCoordinators } from './coordinators';
import { restWhenIdle } from './kafkajs-idle';
import { leadersOf } from './leaders';
import { quickGzip } from './producing';
import { readCommittedOnly } from './read-committed';
import { registryHeaders, type StreamConfig, StreamError } from './stream-config';
import { tlsSockets } from './tls';
import { type EventName, subjectOf, type Topic, Topics } from './topics';

export { idempotentProducer, transactionalProducer } from './producing';

export {
  type Env,
  registryHeaders,
  type StreamConfig,
  streamConfig,
  StreamError,
  type StreamErrorCode,
} from './stream-config';

export interface StreamLog {
  warn(fields: object, message: string): void;
}

/** What kafkajs warns of and then retries by itself, as part of every start or transaction. */
const ROUTINE =
  /concurrent operation on the same transaction|may invalidate EoS guarantees|group coordinator is not available|not the correct coordinator|coordinator is loading|group is rebalancing/i;

/** About half a minute. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 };

/** kafkajs with our retries: patient by default, and quick for transactions (DESIGN.md §8). */
export function createKafka(config: StreamConfig, log: StreamLog): Kafka {
  quickGzip();
  readCommittedOnly();
  rememberCoordinators();
  restWhenIdle();
  return new Kafka({
    clientId: config.clientId,
    brokers: [...config.brokers],
    ...(config.ssl && { ssl: true, socketFactory: tlsSockets(config.ssl) }),
    ...(config.sasl && { sasl: config.sasl }),
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: RETRY,
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: entry }) => {
        const error = entry['error'] as string | undefined;
        if (!ROUTINE.test(`${entry.message} ${error ?? ''}`)) log.warn({ kafka: namespace, error }, entry.message);
      },
  });
}

/**
 * A consumer that reads committed records only, starts again after a crash for as long as it takes (CRASH events say
 * `restart`), and ends with stop() or disconnect().
 */
export function committedConsumer(kafka: Kafka, groupId: string, maxWait_ms = 250): Consumer {
  return stoppable((unlessStopped) =>
    kafka.consumer({
      groupId,
      readUncommitted: false,
      maxWaitTimeInMs: maxWait_ms,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      rebalanceTimeout: 15_000,
      retry: { ...RETRY, ...unlessStopped },
    }),
  );
}

/**
 * By itself kafkajs also restarts a consumer that crashed while it was being stopped, which then lives on, unseen, and
 * keeps its process from ending. What `make` is given belongs into the consumer's `retry`.
 */
export function stoppable(make: (unlessStopped: { restartOnFailure: () => Promise<boolean> }) => Consumer): Consumer {
  let stopped = false;
  const consumer = make({ restartOnFailure: () => Promise.resolve(!stopped) });
  const forGood = (end: () => Promise<void>) => (): Promise<void> => {
    stopped = true;
    return end();
  };
  return { ...consumer, stop: forGood(consumer.stop), disconnect: forGood(consumer.disconnect) };
}

/** The broker's `default.replication.factor`. */
export const BROKERS_REPLICATION = -1;

/** Creates the topics that are missing; leaves those that exist as they are. */
export async function ensureTopics(
  admin: Admin,
  topics: readonly Topic[] = Object.values(Topics),
  replicationFactor = BROKERS_REPLICATION,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter((t) => !existing.has(t.name));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: false,
    topics: missing.map((t) => ({
      topic: t.name,
      numPartitions: t.partitions,
      replicationFactor,
      configEntries: [
        { name: 'cleanup.policy', value: t.cleanup },
        ...(t.cleanup === 'delete' ? [{ name: 'retention.ms', value: String(t.retention_ms) }] : []),
        ...(t.cleanup === 'compact' ? [{ name: 'min.cleanable.dirty.ratio', value: '0.1' }] : []),
      ],
    })),
  });
  const made = missing.map((t) => t.name);
  await leadersOf(admin, made);
}

/** Schema id under which a topic's values are written, by subject. Plain data: agents keep it on disk. */
export type SchemaIds = Readonly<Record<string, number>>;

/**
 * Registers the current schemas under BACKWARD_TRANSITIVE; the same schema gives the same id again. `agent` is for a registry
 * whose authority the process does not trust by itself.
 */
export async function registerSchemas(
  config: StreamConfig,
  topics: readonly Topic[] = Object.values(Topics),
  agent?: Agent,
): Promise<SchemaIds> {
  const { registryUrl: host, registryLogin: auth, clientId } = config;
  const registry = new SchemaRegistry({
    host,
    clientId,
    retry: { retries: 3 },
    ...(auth && { auth }),
    ...(agent && { agent }),
  });
  const ids: Record<string, number> = {};
  const left = [...topics];
  const registerNext = async (): Promise<void> => {
    for (let t = left.shift(); t; t = left.shift()) ids[subjectOf(t)] = await registerSchema(registry, t);
  };
  await Promise.all(Array.from({ length: REGISTERED_AT_ONCE }, registerNext));
  return ids;
}

/** A registry answers one question in some milliseconds, most of which it waits. */
const REGISTERED_AT_ONCE = 4;

async function registerSchema(registry: SchemaRegistry, t: Topic): Promise<number> {
  const subject = subjectOf(t);
  const schema = { type: SchemaType.AVRO, schema: JSON.stringify(schemas[t.schema]) } as const;
  const options = { subject, compatibility: COMPATIBILITY.BACKWARD_TRANSITIVE };
  try {
    return (await raced(() => registry.register(schema, options))).id;
  } catch (cause) {
    const hint = 'is the registry up, and is the change backward compatible with every released version?';
    throw new StreamError('registry-unavailable', `register ${subject}`, (cause as Error).message, hint, { cause });
  }
}

const REGISTER_ATTEMPTS = 4;
const REGISTER_RETRY_MS = 250;
const CONFLICT = 409;

/** Processes that meet an empty registry all make the subject: those refused find it made when they ask again. */
async function raced<T>(register: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await register();
    } catch (error) {
      if (isIncompatible(error as ResponseError) || attempt === REGISTER_ATTEMPTS) throw error;
      await new Promise((r) => setTimeout(r, REGISTER_RETRY_MS));
    }
}

type ResponseError = Error & { readonly status?: number };

/** A conflict too is the subject's rule of compatibility, when another process has made it in the same moment. */
function isIncompatible({ status, message }: ResponseError): boolean {
  return status === CONFLICT && !/already exists/i.test(message);
}

/** Writer schemas by id, fetched once each. At most MAX_WRITER_SCHEMAS are kept: more is a sign of garbage ids. */
export class WriterSchemas {
  static readonly MAX_WRITER_SCHEMAS = 1_000;
  private readonly known = new Map<number, object>();

  constructor(private readonly config: Pick<StreamConfig, 'registryUrl' | 'registryLogin'>) {}

  cached(id: number): object | undefined {
    return this.known.get(id);
  }

  /** Throws StreamError `unknown-schema` when the registry does not have it, `registry-unavailable` otherwise. */
  async get(id: number): Promise<object> {
    const known = this.known.get(id);
    if (known) return known;
    const schema = await this.fetch(id);
    if (this.known.size >= WriterSchemas.MAX_WRITER_SCHEMAS) this.known.clear();
    this.known.set(id, schema);
    return schema;
  }

  private async fetch(id: number): Promise<object> {
    const operation = `fetch schema ${id}`;
    let answer: Response;
    let text: string;
    try {
      const url = `${this.config.registryUrl.replace(/\/$/, '')}/schemas/ids/${id}`;
      answer = await fetch(url, { headers: registryHeaders(this.config), signal: AbortSignal.timeout(10_000) });
      text = await answer.text();
    } catch (cause) {
      const hint = 'is SCHEMA_REGISTRY_URL right and the registry up?';
      throw new StreamError('registry-unavailable', operation, (cause as Error).message, hint, { cause });
    }
    if (answer.status === 404)
      throw new StreamError('unknown-schema', operation, 'not in the registry', 'who wrote the message?');
    if (!answer.ok)
      throw new StreamError('registry-unavailable', operation, `HTTP ${answer.status}`, 'look at the registry’s log');
    return JSON.parse((JSON.parse(text) as { schema: string }).schema) as object;
  }
}

/** Reads framed messages of one event, whatever compatible schema wrote them. */
export class EventReader<N extends EventName> {
  private readonly decoder: Decoder<N>;

  constructor(
    name: N,
    private readonly writers: WriterSchemas,
  ) {
    this.decoder = new Decoder(name);
  }

  /** Throws CodecError for a bad message, StreamError when the schema cannot be had. */
  async read(message: Buffer): Promise<EventTypes[N]> {
    const { schemaId, body } = unframe(message);
    const schema = this.writers.cached(schemaId) ?? (await this.writers.get(schemaId));
    return this.decoder.decodeFrom(schemaId, () => schema, body);
  }
}

/** Writes framed messages of a topic. */
export class EventWriter<N extends EventName> {
  private readonly encoder: Encoder<N>;
  private readonly id: number;

  constructor(
    readonly topic: Topic<N>,
    ids: SchemaIds,
  ) {
    const id = ids[subjectOf(topic)];
    if (id === undefined)
      throw new StreamError(
        'unknown-schema',
        `write ${topic.name}`,
        `no schema id for ${subjectOf(topic)}`,
        'register the schemas first (registerSchemas)',
      );
    this.id = id;
    this.encoder = new Encoder(topic.schema);
  }

  write(record: EventTypes[N]): Buffer {
    return this.encoder.encodeFramed(this.id, record);
  }

  /** A body that is encoded already, in the current schema. */
  frame(body: Buffer): Buffer {
    return frame(this.id, body);
  }
}
