/** Asks the registry as the API does, and remembers every reply. */
import { type Consumer, type Kafka, type Producer } from 'kafkajs';
import { type DefinitionRequest, type DeviceReply, type DeviceRequest } from '../../../schemas/generated';
import {
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  WriterSchemas,
} from '../../../schemas/stream';
import { definitionKey, deviceKey, Topics } from '../../../schemas/topics';

export type Wish = Pick<DeviceRequest, 'request_id' | 'device_id' | 'type'> & { readonly data?: object } & Partial<
    Omit<DeviceRequest, 'data'>
  >;

/** The request that a wish becomes; `instance` gets the reply. */
export function requestOf({ data, ...wish }: Wish, instance: string): DeviceRequest {
  return {
    reply_to: instance,
    tenant: 'default',
    expected_version: null,
    actor: 'test',
    reason: null,
    at: Date.now(),
    ...wish,
    data: JSON.stringify(data ?? {}),
  };
}

const silent = { warn: () => undefined };

export class Asker {
  readonly replies = new Map<string, DeviceReply[]>();
  private readonly waiting = new Map<string, (reply: DeviceReply) => void>();

  private constructor(
    readonly kafka: Kafka,
    private readonly instance: string,
    private readonly producer: Producer,
    private readonly consumer: Consumer,
    private readonly writer: EventWriter<'device-request'>,
    private readonly definitions: EventWriter<'definition-request'>,
  ) {}

  /** `onReply`: besides remembering it. */
  static async start(stream: StreamConfig, instance: string, onReply?: (reply: DeviceReply) => void): Promise<Asker> {
    const kafka = createKafka(stream, silent);
    const admin = kafka.admin();
    await admin.connect();
    await ensureTopics(admin);
    await admin.disconnect();
    const ids = await registerSchemas(stream, [Topics.deviceRequests, Topics.definitionRequests]);
    const producer = idempotentProducer(kafka);
    await producer.connect();
    const consumer = kafka.consumer({
      groupId: `${instance}-replies`,
      readUncommitted: false,
      maxWaitTimeInMs: 10,
      retry: { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 1_000 },
    });
    const asker = new Asker(
      kafka,
      instance,
      producer,
      consumer,
      new EventWriter(Topics.deviceRequests, ids),
      new EventWriter(Topics.definitionRequests, ids),
    );
    await asker.listen(new EventReader('device-reply', new WriterSchemas(stream)), onReply);
    return asker;
  }

  /** Sends, and waits for the reply. */
  async ask(wish: Wish, timeout_ms = 45_000): Promise<DeviceReply> {
    const answered = this.expect(wish.request_id, timeout_ms);
    await this.send([wish]);
    return answered;
  }

  expect(request_id: string, timeout_ms = 45_000): Promise<DeviceReply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no reply to ${request_id}`)), timeout_ms);
      this.waiting.set(request_id, (reply) => {
        clearTimeout(timer);
        this.waiting.delete(request_id);
        resolve(reply);
      });
    });
  }

  async send(wishes: readonly Wish[]): Promise<void> {
    const messages = wishes.map((wish) => {
      const request = requestOf(wish, this.instance);
      return { key: deviceKey(request.tenant, request.device_id), value: this.writer.write(request) };
    });
    await this.producer.send({ topic: Topics.deviceRequests.name, messages });
  }

  /** As `ask`, for a model or a group. */
  async define(wish: Omit<DefinitionRequest, 'reply_to' | 'tenant' | 'actor' | 'reason' | 'at'>): Promise<DeviceReply> {
    const answered = this.expect(wish.request_id);
    const from = { reply_to: this.instance, tenant: 'default', actor: 'test', reason: null, at: Date.now() };
    const value = this.definitions.write({ ...wish, ...from });
    const key = definitionKey('default', wish.kind, wish.name);
    await this.producer.send({ topic: Topics.definitionRequests.name, messages: [{ key, value }] });
    return answered;
  }

  /** Puts something on the topic that is not a request. */
  async sendRaw(key: string, value: Buffer | null): Promise<void> {
    await this.producer.send({ topic: Topics.deviceRequests.name, messages: [{ key, value }] });
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
    await this.producer.disconnect();
  }

  private async listen(reader: EventReader<'device-reply'>, onReply?: (reply: DeviceReply) => void): Promise<void> {
    const { consumer } = this;
    // Nothing is committed, so a rejoined group starts over: what was seen is not counted twice.
    let next = 0n;
    await consumer.connect();
    await consumer.subscribe({ topics: [Topics.deviceReplies.name], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (!message.value || BigInt(message.offset) < next) return;
        next = BigInt(message.offset) + 1n;
        const reply = await reader.read(message.value);
        if (reply.reply_to !== this.instance) return;
        this.replies.set(reply.request_id, [...(this.replies.get(reply.request_id) ?? []), reply]);
        this.waiting.get(reply.request_id)?.(reply);
        onReply?.(reply);
      },
    });
  }
}
