/** The relay: what agents report about commands becomes signals to the workflows that wait for it. */
import { Client, Connection } from '@temporalio/client';
import { type Kafka, type Producer } from 'kafkajs';
import { type Logger } from 'pino';
import { type Registry } from 'prom-client';
import {
  committedConsumer,
  createKafka,
  ensureTopics,
  EventReader,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { type Tracer } from '../../schemas/tracing/tracer';
import { ensureSearchAttributes } from '../../workflows/shared/messages';
import { type RunningService } from '../lib/service';
import { connectPatiently, madeAnew, type TemporalConfig } from '../lib/temporal';
import { DeadLetters } from './dead-letters';
import { Dispatcher } from './dispatcher';
import { type RelayMetrics, relayMetrics, watch } from './metrics';
import { Reader } from './reader';
import { signaller, type SignallerDependencies, traced } from './signaller';
import { tellWorkflow } from './tell-workflow';

export const GROUP = 'relay';
/** Longest wait of the broker for a record, ms; one that comes is sent at once. A shorter one costs both sides requests. */
const MAX_WAIT_MS = 500;
/** How long signals under way may take to end when the process stops. */
const DRAIN_MS = 5_000;
/** The broker's own default, so that a cluster decides. */

export interface RelayOptions {
  readonly log: Logger;
  readonly registry: Registry;
  readonly tracer: Tracer;
  readonly stream: StreamConfig;
  readonly temporal: TemporalConfig;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Resolves early when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Waits for what is away; then reads until stopped. */
export async function startRelay(options: RelayOptions): Promise<RunningService> {
  const { log, registry, stream, temporal } = options;
  const kafka = createKafka(stream, log);
  const producer = idempotentProducer(kafka);
  const own = [Topics.commandEvents, Topics.deadLetters];
  const ids = await patiently(options, 'the schema registry', () => registerSchemas(stream, own));
  await patiently(options, 'Kafka', () => prepare(kafka, producer));
  const connection = await patiently(options, 'Temporal', () => Connection.connect(temporal.connection));
  const attributes = (): Promise<void> => ensureSearchAttributes(connection, temporal.namespace);
  await patiently(options, 'Temporal', attributes);
  const client = new Client({ connection, namespace: temporal.namespace });
  const metrics = relayMetrics(registry);
  const deadLetters = new DeadLetters(producer, ids, GROUP, options.now);
  const stopping = new AbortController();
  const temporalWatch = new TemporalWatch(log, metrics);
  const dispatcher = new Dispatcher(
    traced(
      signaller({
        signal: (id, items) => madeAnew(() => tellWorkflow(client.workflow, id, items), attributes),
        sleep: (ms) => options.sleep(ms, stopping.signal),
        stopping: () => stopping.signal.aborted,
        tried: temporalWatch.tried,
        bury: (item, reason) => deadLetters.write(item.source, 'refused', reason),
      }),
      options.tracer,
    ),
  );
  watch(dispatcher, registry);
  const consumer = committedConsumer(kafka, GROUP, MAX_WAIT_MS);
  const events = new EventReader('command-event', new WriterSchemas(stream));
  const reader = new Reader({ consumer, events, dispatcher, deadLetters, metrics, log });
  await reader.start();
  return {
    notReady: () => temporalWatch.away ?? (reader.isMember ? undefined : 'not (yet) in the consumer group'),
    async stop() {
      await reader.stop();
      dispatcher.hurry();
      await Promise.race([drained(dispatcher), options.sleep(DRAIN_MS)]);
      stopping.abort();
      await reader.close();
      await producer.disconnect();
      await connection.close();
    },
  };
}

function patiently<T>({ log, sleep }: RelayOptions, what: string, connect: () => Promise<T>): Promise<T> {
  return connectPatiently(connect, {
    failed: (err, next_try_ms) => log.warn({ err, next_try_ms }, `${what} is away, trying again`),
    sleep: (ms) => sleep(ms),
  });
}

async function prepare(kafka: Kafka, producer: Producer): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await ensureTopics(admin, [Topics.commandEvents, Topics.deadLetters]);
  } finally {
    await admin.disconnect();
  }
  await producer.connect();
}

async function drained(dispatcher: Dispatcher): Promise<void> {
  while (dispatcher.eventsInFlight > 0) await dispatcher.progress();
}

/** Counts what becomes of signals; says once when Temporal goes away and once when it is back. */
class TemporalWatch {
  away: string | undefined;

  constructor(
    private readonly log: Logger,
    private readonly metrics: RelayMetrics,
  ) {}

  readonly tried: SignallerDependencies['tried'] = (outcome, items, error) => {
    this.metrics.events(outcome, items.length);
    if (outcome === 'refused') this.log.error({ err: error }, 'a signal was refused, its events become dead letters');
    if (outcome !== 'transient') {
      if (this.away !== undefined) this.log.info('Temporal takes signals again');
      this.away = undefined;
    } else {
      if (this.away === undefined) this.log.warn({ err: error }, 'Temporal takes no signals, waiting for it');
      this.away = `Temporal takes no signals: ${(error as Error).message}`;
    }
  };
}
