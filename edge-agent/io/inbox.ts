/**
 * What the platform sends this agent: commands, committed only once they are durable in the ledger, and the states of its
 * devices, kept on disk so that a device refused before a power cut is refused after it, network or not.
 */
import { type Batch, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import { CodecError, Decoder, unframe } from '../../schemas/codec';
import { type AgentProfile, type Command, type DeviceState } from '../../schemas/generated';
import { committedConsumer, ensureTopics } from '../../schemas/stream';
import { AgentTopics } from '../../schemas/topics';
import { traceparentIn } from '../../schemas/tracing/context';
import { type Clock } from './clock';
import { type DeviceStates } from './device-states';
import { backoff_ms } from './shipper/backoff';
import { wholeMessage } from './shipper/classify';
import { type WriterSchemaCache } from './writer-schemas';

export interface InboxOptions {
  readonly agentId: string;
  readonly kafka: Kafka;
  readonly replicationFactor: number;
  readonly schemas: WriterSchemaCache;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of each command before it is delivered, with the trace it belongs to. */
  heard?(command: Command, traceparent: string | undefined): void;
  /** Resolves when the commands are durable. */
  deliver(commands: readonly Command[]): Promise<void>;
  readonly devices: DeviceStates;
  /** The profile the platform desires, undefined when it was withdrawn. Resolves when it is applied or refused. */
  desired(profile: AgentProfile | undefined): Promise<void>;
  onEvent(event: InboxEvent): void;
}

export type InboxEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly wait_ms: number }
  /** A message nobody can read: stepped over. */
  | { readonly kind: 'unreadable'; readonly topic: string; readonly offset: string; readonly error: unknown };

export interface InboxStatus {
  readonly connected: boolean;
  readonly lastError: string | undefined;
  readonly commands: number;
  readonly unreadable: number;
}

export const inboxGroup = (agentId: string): string => `inbox-${agentId}`;
const devicesGroup = (agentId: string): string => `inbox-${agentId}-devices`;
/** Longest wait of the broker for a command to come, ms; one that comes is sent at once. A shorter one costs requests. */
const MAX_WAIT_MS = 500;

export class Inbox {
  private readonly commands = new Decoder('command');
  private readonly states = new Decoder('device-state');
  private readonly profiles = new Decoder('agent-profile');
  private consumers: Consumer[] = [];
  private readonly stopSignal = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private counted = 0;
  private unreadable = 0;
  private lastError: string | undefined;
  private connected = false;
  private fail: (error: Error) => void = () => undefined;

  constructor(private readonly options: InboxOptions) {}

  get status(): InboxStatus {
    const { connected, lastError, counted: commands, unreadable } = this;
    return { connected, lastError, commands, unreadable };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopSignal.abort();
    await this.running;
  }

  private get stopping(): boolean {
    return this.stopSignal.signal.aborted;
  }

  /** Connects, and connects again for as long as it takes. */
  private async run(): Promise<void> {
    for (let attempt = 1; !this.stopping; attempt++) {
      try {
        await this.consumeUntilFailure(() => (attempt = 0));
      } catch (error) {
        if (this.stopping) break;
        this.lastError = wholeMessage(error);
        const wait_ms = backoff_ms(Math.max(1, attempt), this.options.random());
        this.options.onEvent({ kind: 'failed', error, wait_ms });
        await this.options.clock.sleep(wait_ms, this.stopSignal.signal);
      } finally {
        await this.disconnect();
      }
    }
  }

  /** Rejects with what went wrong; resolves when it is asked to stop. */
  private async consumeUntilFailure(onConnected: () => void): Promise<void> {
    const { kafka, agentId, replicationFactor, onEvent } = this.options;
    const [commands, devices] = [AgentTopics.commands(agentId), AgentTopics.devices(agentId)];
    const profile = AgentTopics.profile(agentId);
    const admin = kafka.admin();
    try {
      await admin.connect();
      await ensureTopics(admin, [commands, devices, profile], replicationFactor);
    } finally {
      await admin.disconnect();
    }
    const failed = new Promise<void>((resolve, reject) => {
      this.stopSignal.signal.addEventListener('abort', () => resolve(), { once: true });
      this.fail = reject;
    });
    // A consumer may fail while the other is still being made: nobody awaits it yet, and that must not end the agent.
    failed.catch(() => undefined);
    await this.consume([devices.name, profile.name], devicesGroup(agentId), (_, payload) =>
      payload.batch.topic === profile.name ? this.takeProfile(payload) : this.takeStates(payload),
    );
    await this.consume([commands.name], inboxGroup(agentId), (consumer, payload) =>
      this.takeCommands(consumer, payload),
    );
    this.connected = true;
    this.lastError = undefined;
    onConnected();
    onEvent({ kind: 'connected' });
    if (!this.stopping) await failed;
  }

  private async consume(
    topics: string[],
    group: string,
    take: (consumer: Consumer, payload: EachBatchPayload) => Promise<void>,
  ): Promise<void> {
    const consumer = committedConsumer(this.options.kafka, group, MAX_WAIT_MS);
    this.consumers.push(consumer);
    consumer.on(consumer.events.CRASH, ({ payload }) => this.fail(payload.error));
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (p) => take(consumer, p) });
  }

  private async takeCommands(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat } = payload;
    const commands: Command[] = [];
    for (const message of batch.messages) {
      const command = await this.decoded(batch, message.offset, message.value, (id, schema, body) =>
        this.commands.decodeFrom(id, () => schema, body),
      );
      if (!command) continue;
      this.options.heard?.(command, traceparentIn(message.headers));
      commands.push(command);
    }
    if (commands.length > 0) await this.options.deliver(commands);
    this.counted += commands.length;
    const last = batch.lastOffset();
    resolveOffset(last);
    const { topic, partition } = batch;
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last) + 1n) }]);
    await heartbeat();
  }

  /** Read from the beginning at every start: a compacted topic holds each device once. */
  private async takeStates({ batch, resolveOffset, heartbeat }: EachBatchPayload): Promise<void> {
    const states: DeviceState[] = [];
    const removed: string[] = [];
    for (const message of batch.messages) {
      if (message.value === null) {
        removed.push(String(message.key));
        continue;
      }
      const state = await this.decoded(batch, message.offset, message.value, (id, schema, body) =>
        this.states.decodeFrom(id, () => schema, body),
      );
      if (state) states.push(state);
    }
    await this.options.devices.learn(states, removed);
    resolveOffset(batch.lastOffset());
    await heartbeat();
  }

  /** The last one counts. Read from the beginning at every start, as the states are. */
  private async takeProfile({ batch, resolveOffset, heartbeat }: EachBatchPayload): Promise<void> {
    const last = batch.messages.at(-1);
    const profile =
      last &&
      (await this.decoded(batch, last.offset, last.value, (id, schema, body) =>
        this.profiles.decodeFrom(id, () => schema, body),
      ));
    if (last?.value === null || profile) await this.options.desired(profile);
    resolveOffset(batch.lastOffset());
    await heartbeat();
  }

  /** Undefined for what nobody can read. Throws when the schema cannot be had now. */
  private async decoded<T>(
    batch: Batch,
    offset: string,
    value: Buffer | null,
    decode: (schemaId: number, schema: object, body: Buffer) => T,
  ): Promise<T | undefined> {
    if (value === null) return undefined;
    try {
      const { schemaId, body } = unframe(value);
      return decode(schemaId, await this.options.schemas.get(schemaId), body);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.unreadable++;
      this.options.onEvent({ kind: 'unreadable', topic: batch.topic, offset, error });
      return undefined;
    }
  }

  private async disconnect(): Promise<void> {
    this.connected = false;
    const consumers = this.consumers.splice(0);
    await Promise.allSettled(consumers.map((c) => c.disconnect()));
  }
}
