/** Everything a projector needs, real: broker, registry, ClickHouse with its tables; and a producer to feed it. */
import { join } from 'node:path';
import { type Kafka, type Producer, type RecordMetadata } from 'kafkajs';
import { sourceFiles } from '../../../../deploy/clickhouse/files';
import { over } from '../../../../deploy/clickhouse/http';
import { migrate } from '../../../../deploy/clickhouse/migrate';
import { render, type Target } from '../../../../deploy/clickhouse/render';
import { whoHolds } from '../../../../deploy/local/ports';
import { type TelemetryFrame } from '../../../../schemas/generated';
import {
  createKafka,
  ensureTopics,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  type SchemaIds,
  streamConfig,
} from '../../../../schemas/stream';
import { deviceKey, Topics } from '../../../../schemas/topics';
import { type Stack, type StackOptions, startStack } from '../../../support/stack';
import { ServiceProcess } from '../../service-process';

const QUIET = { warn: () => undefined };

type Sql = (sql: string) => Promise<string>;

interface Stream {
  readonly kafka: Kafka;
  readonly producer: Producer;
  readonly ids: SchemaIds;
}

function sqlOf({ env }: Stack): Sql {
  const login = { url: env['CLICKHOUSE_URL']!, user: env['CLICKHOUSE_USER']!, password: env['CLICKHOUSE_PASSWORD']! };
  return over(login);
}

async function migrateIn(execute: Sql, database: string): Promise<void> {
  const target: Target = { kind: 'single', database };
  await migrate(execute, render(sourceFiles(), target), target);
}

async function streamOf(stack: Stack): Promise<Stream> {
  const config = streamConfig(stack.env, 'bed');
  const kafka = createKafka(config, QUIET);
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin);
  await admin.disconnect();
  const ids = await registerSchemas(config);
  const producer = idempotentProducer(kafka);
  await producer.connect();
  return { kafka, producer, ids };
}

export class Bed {
  private services = 0;

  readonly kafka: Kafka;
  readonly producer: Producer;
  readonly ids: SchemaIds;

  private constructor(
    readonly stack: Stack,
    { kafka, producer, ids }: Stream,
  ) {
    this.kafka = kafka;
    this.producer = producer;
    this.ids = ids;
  }

  static async start(options: Omit<StackOptions, 'want'> = {}): Promise<Bed> {
    const stack = await startStack({ want: ['kafka', 'schema-registry', 'clickhouse'], ...options });
    const [stream] = await Promise.all([streamOf(stack), migrateIn(sqlOf(stack), 'millrace')]);
    return new Bed(stack, stream);
  }

  async stop(): Promise<void> {
    await this.producer.disconnect();
    await this.stack.stop();
  }

  async migrate(database = 'millrace'): Promise<void> {
    await migrateIn(this.execute, database);
  }

  readonly execute: Sql = (sql) => sqlOf(this.stack)(sql);

  /** Process of the ClickHouse that runs now. */
  get enginePid(): number {
    const holder = whoHolds(this.stack.ports.clickhouse);
    if (!holder?.pid) throw new Error('nobody listens on the port of ClickHouse');
    return holder.pid;
  }

  /** Rows of a query, by column. */
  async rows<T>(sql: string): Promise<T[]> {
    const text = await this.execute(`${sql} FORMAT JSONEachRow`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  /** First column of the first row. */
  async one(sql: string): Promise<string> {
    return (await this.execute(`${sql} FORMAT TSV`)).trim();
  }

  /** Count and sum of every reading, as each tier has it: they agree when every tier has each reading once. */
  async tiers(): Promise<Record<string, string>> {
    const tier = (table: string, count: string, sum: string): Promise<string> =>
      this.one(`SELECT concat(toString(${count}), ' readings, sum ', toString(${sum})) FROM millrace.${table}`);
    return {
      readings: await tier('readings', 'count()', 'sum(value)'),
      readings_1m: await tier('readings_1m', 'sum(count)', 'sum(sum)'),
      readings_1h: await tier('readings_1h', 'sum(count)', 'sum(sum)'),
      readings_1d: await tier('readings_1d', 'sum(count)', 'sum(sum)'),
    };
  }

  /** Started and ready. */
  projector(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return ServiceProcess.start('projector', { ...this.stack.env, ...env }, this.nextLog());
  }

  /** Started only: what it needs may be down. */
  launchProjector(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return ServiceProcess.launch('projector', { ...this.stack.env, ...env }, this.nextLog());
  }

  private nextLog(): string {
    return join(this.stack.dataDir, 'logs', `projector-${++this.services}.log`);
  }

  get telemetry(): EventWriter<'telemetry-frame'> {
    return new EventWriter(Topics.telemetry, this.ids);
  }

  /** Messages as they are, in one partition of the telemetry, in one request: one batch unless something cuts it. */
  async produceRaw(values: readonly (Buffer | null)[], partition = 0): Promise<void> {
    const messages = values.map((value) => ({ key: 'raw', value, partition }));
    await this.producer.send({ topic: Topics.telemetry.name, messages });
  }

  /** Gives where the frames went. */
  async produce(frames: readonly TelemetryFrame[]): Promise<RecordMetadata[]> {
    const writer = this.telemetry;
    const messages = frames.map((f) => ({ key: deviceKey(f.tenant, f.device_id), value: writer.write(f) }));
    return this.producer.send({ topic: Topics.telemetry.name, messages });
  }
}

/** What every tier holds of so many readings, once each. */
export function onceInEveryTier(readings: number, sum: number): Record<string, string> {
  const text = `${readings} readings, sum ${sum}`;
  return { readings: text, readings_1m: text, readings_1h: text, readings_1d: text };
}

/** Waits until the check gives something; throws with the last answer after the time. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  limit_ms = 30_000,
): Promise<T> {
  let last: unknown;
  for (const deadline = Date.now() + limit_ms; Date.now() < deadline;) {
    try {
      last = await check();
      if (last !== undefined && last !== false) return last as T;
    } catch (e) {
      last = e;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${limit_ms} ms; last: ${String(last)}`);
}

export interface FrameShape {
  readonly device_id?: string;
  readonly tenant?: string;
  readonly seq: number;
  readonly ts: number;
  /** Readings per metric, one second apart. */
  readonly readings?: number;
  readonly metrics?: number;
  readonly value?: (metric: number, i: number) => number;
}

export function frame({
  device_id = 'd1',
  tenant = 'acme',
  seq,
  ts,
  readings = 10,
  metrics = 1,
  value,
}: FrameShape): TelemetryFrame {
  const series = Array.from({ length: metrics }, (_, m) => ({
    metric: `metric_${m}`,
    dt: Array.from({ length: readings }, (__, i) => i * 1_000),
    value: Array.from({ length: readings }, (__, i) => value?.(m, i) ?? seq + i),
    quality: [],
  }));
  const origin = { tenant, device_id, agent_id: 'agent-1', seq, ts, received_at: ts, clock_offset_ms: 0 };
  return { ...origin, series, text_series: [], int_series: [] };
}
