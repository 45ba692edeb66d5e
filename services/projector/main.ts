/**
 * Projects every topic into ClickHouse, exactly once (DESIGN.md §4). Environment: the common variables, and
 * PROJECTOR_GROUP (consumer group, default millrace-projector), PROJECTOR_ADOPT_LEDGER=1 (once, see deploy/decisions/0300).
 */
import { type Logger } from 'pino';
import {
  createKafka,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { retryDelay } from '../domain/ingest/pace';
import { clickHouseFromEnv } from '../lib/clickhouse';
import { text } from '../lib/environment';
import { type RunningService, runService, type ServiceContext } from '../lib/service';
import { realClock } from './clock';
import { KafkaDeadLetters } from './dead-letters';
import { Gate } from './gate';
import { connection } from './kafka/connection';
import { LogReader } from './kafka/log-reader';
import { Membership, membershipConfig } from './kafka/membership';
import { ProjectorMetrics } from './metrics';
import { PROJECTIONS } from './projections';
import { Projector } from './projector';
import { RegistrySubjects } from './registry-check';
import { ClickHouseSink } from './sink';
import { RegistryWriters } from './writers';

const NAME = 'projector';
/** What is under way when the process is told to stop gets this long; the rest is repeated by the next owner. */
const DRAIN_MS = 8_000;
const NEVER = new AbortController().signal;

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

async function start({ log, metrics, env }: ServiceContext): Promise<RunningService> {
  const config = streamConfig(env, NAME);
  const group = text(env, 'PROJECTOR_GROUP', 'consumer group', 'millrace-projector');
  const kafka = createKafka(config, log);
  const clickhouse = clickHouseFromEnv(env, NAME);
  const ids = await eventually(log, () => registerSchemas(config, [Topics.deadLetters]));
  const producer = idempotentProducer(kafka);
  await eventually(log, () => producer.connect());
  const topics = PROJECTIONS.map((p) => p.topic);
  const reader = new LogReader(connection(kafka, { groupId: `${group}-reader` }).cluster, topics, realClock, log);
  await eventually(log, () => reader.start());
  const stopping = new AbortController();
  const deps = {
    clock: realClock,
    log: reader,
    sink: new ClickHouseSink(clickhouse, realClock),
    deadLetters: new KafkaDeadLetters(producer, new EventWriter(Topics.deadLetters, ids), group, realClock),
    writers: new RegistryWriters(new WriterSchemas(config), new RegistrySubjects(config)),
    gate: new Gate(),
    adoptLedger: env['PROJECTOR_ADOPT_LEDGER'] === '1',
    stopping: stopping.signal,
  };
  const projector = new Projector(PROJECTIONS, deps, new ProjectorMetrics(metrics), log, realClock);
  const membership = new Membership(connection(kafka, membershipConfig(group)), group, topics, {
    assigned: (generation, assignment) => projector.assign(generation, assignment),
    failed: (err) => {
      log.fatal({ err }, 'the consumer is gone');
      process.exit(1);
    },
  });
  await eventually(log, () => membership.start());
  return {
    notReady: () => projector.notReady(),
    stop: async () => {
      stopping.abort();
      await Promise.race([projector.ended(), realClock.sleep(DRAIN_MS, NEVER)]);
      await membership.stop();
      await Promise.all([reader.close(), producer.disconnect(), clickhouse.close()]);
    },
  };
}

void runService(NAME, process.env, start);
