/**
 * What the agent is asked about a profile that is not in force. It hears the questions beside its inbox, so that a broker
 * which refuses them costs no command, answers one at a time, and forgets them: one that was not heard is asked again.
 */
import { type Consumer, type EachMessagePayload, type Kafka } from 'kafkajs';
import { Decoder, unframe } from '../../schemas/codec';
import { type ProbeAnswer, type ProbeOrder } from '../../schemas/generated';
import { type Current, type ProbeRequest } from '../../schemas/probe';
import {
  committedConsumer,
  ensureTopics,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  type WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, deviceKey, probesGroup, Topics } from '../../schemas/topics';
import { tellable } from '../probe/current';
import { type Clock } from './clock';
import { backoff_ms } from './shipper/backoff';

/** JSON of the answer. Rejects with the reason when there is none. */
export type Prober = (request: string) => Promise<string>;

export interface Answering {
  /** About drafts. */
  readonly draft: Prober;
  /** What the agent works by. Throws when it cannot be read. */
  readonly current: () => Omit<Current, 'kind'>;
}

export interface ProbesOptions {
  readonly agentId: string;
  readonly tenant: string;
  readonly kafka: Kafka;
  readonly stream: StreamConfig;
  readonly replicationFactor: number;
  readonly schemas: Pick<WriterSchemas, 'get'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly prober: Answering;
  onFailure(error: unknown): void;
}

/** Longest wait of the broker for a question, ms; one that comes is sent at once. */
const MAX_WAIT_MS = 5_000;
const MAX_DETAIL_CHARS = 4_000;

export class Probes {
  private readonly orders = new Decoder('probe-order');
  private readonly stopSignal = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private answering: Promise<void> | undefined;
  private told = false;

  constructor(private readonly options: ProbesOptions) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopSignal.abort();
    await this.running;
  }

  /** Connects, and connects again for as long as it takes; what keeps it from that is told once until it is over. */
  private async run(): Promise<void> {
    const { clock, random, onFailure } = this.options;
    const stopping = (): boolean => this.stopSignal.signal.aborted;
    for (let attempt = 1; !stopping(); attempt++)
      try {
        await this.listen(() => {
          attempt = 0;
          this.told = false;
        });
      } catch (error) {
        if (stopping()) return;
        if (!this.told) onFailure(error);
        this.told = true;
        await clock.sleep(backoff_ms(Math.max(1, attempt), random()), this.stopSignal.signal);
      }
  }

  /** Rejects with what went wrong; resolves when it is asked to stop. */
  private async listen(onConnected: () => void): Promise<void> {
    const { kafka, agentId, replicationFactor } = this.options;
    const topic = AgentTopics.probes(agentId);
    const admin = kafka.admin();
    let consumer: Consumer | undefined;
    try {
      await admin.connect();
      await ensureTopics(admin, [topic], replicationFactor);
      consumer = committedConsumer(kafka, probesGroup(agentId), MAX_WAIT_MS);
      const failed = new Promise<void>((resolve, reject) => {
        this.stopSignal.signal.addEventListener('abort', () => resolve(), { once: true });
        consumer?.on('consumer.crash', ({ payload }) => reject(payload.error));
      });
      failed.catch(() => undefined);
      await consumer.connect();
      // Only what is asked from now on: who asked before has given up.
      await consumer.subscribe({ topics: [topic.name], fromBeginning: false });
      await consumer.run({ autoCommit: false, eachMessage: (m) => this.take(m) });
      onConnected();
      if (!this.stopSignal.signal.aborted) await failed;
    } finally {
      await Promise.allSettled([admin.disconnect(), consumer?.disconnect()]);
    }
  }

  /** Returns at once: a question takes as long as a field does, and the next one is told so meanwhile. */
  private async take({ message }: EachMessagePayload): Promise<void> {
    const order = message.value && (await this.decoded(message.value));
    if (!order) return;
    if (this.answering) return void this.tell(order, { outcome: 'refused', detail: 'the agent is answering another' });
    this.answering = this.answer(order).finally(() => (this.answering = undefined));
  }

  private async decoded(value: Buffer): Promise<ProbeOrder | undefined> {
    try {
      const { schemaId, body } = unframe(value);
      const schema = await this.options.schemas.get(schemaId);
      return this.orders.decodeFrom(schemaId, () => schema, body);
    } catch (error) {
      this.options.onFailure(error);
      return undefined;
    }
  }

  private async answer(order: ProbeOrder): Promise<void> {
    try {
      const answer = await answerTo(order.request, this.options.prober);
      await this.tell(order, { outcome: 'answered', answer });
    } catch (error) {
      await this.tell(order, { outcome: 'refused', detail: (error as Error).message });
    }
  }

  /** Questions are rare: a connection for each answer costs less than one kept for them. */
  private async tell(
    { probe_id }: ProbeOrder,
    said: Pick<ProbeAnswer, 'outcome'> & Partial<ProbeAnswer>,
  ): Promise<void> {
    const { tenant, agentId, kafka, stream, clock, onFailure } = this.options;
    const { outcome, answer = '', detail = '' } = said;
    const topic = Topics.probeAnswers;
    const producer = idempotentProducer(kafka);
    try {
      const writer = new EventWriter(topic, await registerSchemas(stream, [topic]));
      const value = writer.write({
        ...{ tenant, agent_id: agentId, probe_id, outcome, answer },
        ...{ detail: detail.slice(0, MAX_DETAIL_CHARS), at: clock.now() },
      });
      await producer.connect();
      await producer.send({ topic: topic.name, messages: [{ key: deviceKey(tenant, agentId), value }] });
    } catch (error) {
      onFailure(error);
    } finally {
      await producer.disconnect().catch(onFailure);
    }
  }
}

async function answerTo(request: string, { draft, current }: Answering): Promise<string> {
  const { kind } = JSON.parse(request) as ProbeRequest;
  if (kind !== 'current') return draft(request);
  const { source, profile } = current();
  return JSON.stringify({ kind, source, profile: tellable(profile) } satisfies Current);
}
