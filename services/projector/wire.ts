/** Puts a projector together: the service and the rebuild differ in their group, their database and their bounds. */
import { type Kafka } from 'kafkajs';
import { type Logger } from 'pino';
import { type Registry } from 'prom-client';
import {
  createKafka,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { type Tracer } from '../../schemas/tracing/tracer';
import { Memory } from '../domain/ingest/memory';
import { retryDelay } from '../domain/ingest/pace';
import { realClock } from './clock';
import { KafkaDeadLetters } from './dead-letters';
import { Gate } from './gate';
import { connection } from './kafka/connection';
import { LogReader } from './kafka/log-reader';
import { Membership, membershipConfig } from './kafka/membership';
import { ProjectorMetrics } from './metrics';
import { type DeadLetters, type Sink } from './ports';
import { PROJECTIONS } from './projections';
import { Projector } from './projector';
import { type Bounds } from './reader';
import { RegistrySubjects } from './registry-check';
import { RegistryWriters } from './writers';

export interface Wiring {
  readonly stream: StreamConfig;
  readonly group: string;
  readonly sink: Sink;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly tracer: Tracer;
  readonly adoptLedger: boolean;
  readonly bounds?: Bounds;
  readonly failed: (cause: Error) => void;
}

export interface Wired {
  readonly projector: Projector;
  /** Finishes the batches under way for at most DRAIN_MS, leaves the group, closes the connections. */
  stop(): Promise<void>;
}

/** What is under way when the process is told to stop gets this long; the rest is repeated by the next owner. */
const DRAIN_MS = 8_000;
/** Containers whose memory is kept for the next batches of any partition. */
const KEPT_CONTAINERS = 2;
const NEVER = new AbortController().signal;

/** Resolves when it is a member of the group. Waits for whatever is not up yet. */
export async function wire(w: Wiring): Promise<Wired> {
  const { log } = w;
  const kafka = createKafka(w.stream, log);
  const topics = PROJECTIONS.map((p) => p.topic);
  const reader = new LogReader(connection(kafka, { groupId: `${w.group}-reader` }).cluster, topics, realClock, log);
  await eventually(log, () => reader.start());
  const letters = w.bounds ? SILENT : await deadLettersOf(kafka, w);
  const stopping = new AbortController();
  const deps = {
    ...{ clock: realClock, log: reader, sink: w.sink, deadLetters: letters, gate: new Gate() },
    memory: new Memory(KEPT_CONTAINERS),
    writers: new RegistryWriters(new WriterSchemas(w.stream), new RegistrySubjects(w.stream), realClock),
    tracer: w.tracer,
    adoptLedger: w.adoptLedger,
    stopping: stopping.signal,
    ...(w.bounds && { bounds: w.bounds }),
  };
  const projector = new Projector(PROJECTIONS, deps, new ProjectorMetrics(w.metrics), log, realClock);
  const membership = new Membership(connection(kafka, membershipConfig(w.group)), w.group, topics, {
    assigned: (generation, assignment) => projector.assign(generation, assignment),
    failed: w.failed,
  });
  await eventually(log, () => membership.start());
  return {
    projector,
    stop: async () => {
      stopping.abort();
      await Promise.race([projector.ended(), realClock.sleep(DRAIN_MS, NEVER)]);
      await membership.stop();
      await Promise.all([reader.close(), letters.close()]);
    },
  };
}

interface ClosingDeadLetters extends DeadLetters {
  close(): Promise<void>;
}

/** A rebuild reads what has been read before: its dead letters have been written. */
const SILENT: ClosingDeadLetters = { send: () => Promise.resolve(), close: () => Promise.resolve() };

async function deadLettersOf(kafka: Kafka, { stream, group, log }: Wiring): Promise<ClosingDeadLetters> {
  const ids = await eventually(log, () => registerSchemas(stream, [Topics.deadLetters]));
  const producer = idempotentProducer(kafka);
  await eventually(log, () => producer.connect());
  const letters = new KafkaDeadLetters(producer, new EventWriter(Topics.deadLetters, ids), group, realClock);
  return { send: (...refused) => letters.send(...refused), close: () => producer.disconnect() };
}

/** What the projector needs may come up after it. */
async function eventually<T>(log: Logger, f: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++)
    try {
      return await f();
    } catch (err) {
      log.warn({ err }, 'not yet');
      await realClock.sleep(retryDelay(attempt), NEVER);
    }
}
