/** Reads m2m.command-events, gives the dispatcher what concerns a workflow, commits what is done. */
import { type Batch, type Consumer, type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import { type Logger } from 'pino';
import { CodecError } from '../../schemas/codec';
import { type CommandEvent } from '../../schemas/generated';
import { type EventReader } from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { traceparentIn } from '../../schemas/tracing/context';
import { endProcess } from '../lib/end-process';
import { type DeadLetters } from './dead-letters';
import { type Dispatcher } from './dispatcher';
import { type RelayMetrics } from './metrics';
import { ContiguousPrefix } from './prefix';
import { concernOf, isUrgent } from './routing';
import { type Source } from './item';

const COMMIT_INTERVAL_MS = 500;
const HEARTBEAT_WHILE_FULL_MS = 1_000;

export interface ReaderDependencies {
  readonly consumer: Consumer;
  readonly events: Pick<EventReader<'command-event'>, 'read'>;
  readonly dispatcher: Dispatcher;
  readonly deadLetters: DeadLetters;
  readonly metrics: RelayMetrics;
  readonly log: Logger;
}

export class Reader {
  /** Of the partitions held now; anew at each rebalance, so that nothing is committed for a partition that was lost. */
  private prefixes = new Map<number, { prefix: ContiguousPrefix; committed?: bigint }>();
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<void> = Promise.resolve();
  private joined = false;
  private stopping = false;

  constructor(private readonly deps: ReaderDependencies) {}

  get isMember(): boolean {
    return this.joined;
  }

  async start(): Promise<void> {
    const { consumer, log } = this.deps;
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.joined = true;
      this.prefixes = new Map();
    });
    consumer.on(consumer.events.REBALANCING, () => (this.joined = false));
    // Also when joining again failed and the last generation goes on (deploy/decisions/0310): then no join is told.
    consumer.on(consumer.events.HEARTBEAT, () => (this.joined = true));
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      this.joined = false;
      if (restart) log.warn({ err: error }, 'reading interrupted');
      else if (!this.stopping) endProcess(error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [Topics.commandEvents.name], fromBeginning: true });
    this.timer = setInterval(() => {
      this.committing = this.committing.then(() => this.commit());
    }, COMMIT_INTERVAL_MS);
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (p) => this.take(p) });
  }

  /** Takes nothing more. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.deps.consumer.stop();
  }

  /** Commits what is done by now and leaves. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.committing;
    await this.commit();
    await this.deps.consumer.disconnect();
  }

  private async take({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const { metrics } = this.deps;
    const { prefix } = this.prefixOf(batch.partition);
    for (const message of batch.messages) {
      await this.room(heartbeat, isRunning);
      if (!isRunning() || isStale()) return;
      const offset = BigInt(message.offset);
      if (prefix.begin(offset)) await this.accept(batch, message, () => prefix.finish(offset));
      resolveOffset(message.offset);
    }
    metrics.lag(batch.partition, Number(BigInt(batch.highWatermark) - BigInt(batch.lastOffset()) - 1n));
    await heartbeat();
  }

  private prefixOf(partition: number): { prefix: ContiguousPrefix; committed?: bigint } {
    let of = this.prefixes.get(partition);
    if (!of) this.prefixes.set(partition, (of = { prefix: new ContiguousPrefix() }));
    return of;
  }

  private async room(heartbeat: () => Promise<void>, isRunning: () => boolean): Promise<void> {
    while (this.deps.dispatcher.full && isRunning()) {
      let timer: NodeJS.Timeout | undefined;
      const tick = new Promise<void>((resolve) => (timer = setTimeout(resolve, HEARTBEAT_WHILE_FULL_MS)));
      await Promise.race([this.deps.dispatcher.progress(), tick]);
      clearTimeout(timer);
      await heartbeat();
    }
  }

  private async accept(batch: Batch, message: KafkaMessage, done: () => void): Promise<void> {
    const { dispatcher, metrics, deadLetters } = this.deps;
    if (!message.value) return done();
    const source = sourceOf(batch, message, message.value);
    const event = await this.decode(source);
    if (event instanceof CodecError) {
      metrics.events('unreadable', 1);
      await deadLetters.write(source, event.code, event.message);
      return done();
    }
    const concern = concernOf(event, source.traceparent);
    if (!concern) {
      metrics.events('own', 1);
      return done();
    }
    dispatcher.add({ ...concern, event, urgent: isUrgent(event), source, done });
  }

  private async decode(source: Source): Promise<CommandEvent | CodecError> {
    try {
      return await this.deps.events.read(source.value);
    } catch (error) {
      if (error instanceof CodecError) return error;
      throw error;
    }
  }

  /** A commit that fails is made up for by the next: its records come again at worst. */
  private async commit(): Promise<void> {
    const { consumer, log } = this.deps;
    for (const [partition, of] of this.prefixes) {
      const offset = of.prefix.committable;
      if (offset === undefined || offset === of.committed) continue;
      try {
        const topic = Topics.commandEvents.name;
        await consumer.commitOffsets([{ topic, partition, offset: offset.toString() }]);
        of.committed = offset;
      } catch (err) {
        log.warn({ err, partition }, 'offset not committed');
      }
    }
  }
}

function sourceOf({ partition }: Batch, message: KafkaMessage, value: Buffer): Source {
  const { offset, timestamp, key, headers } = message;
  return { partition, offset, timestamp: Number(timestamp), key, value, traceparent: traceparentIn(headers) };
}
