/**
 * One consumer for each webhook, with a group of its own: its place in the log outlives processes, and a receiver that is down
 * holds up nobody else. Processes of the API share a webhook's partitions. At least once: the place moves when an event was
 * delivered or given up.
 */
import { type Admin, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import { CodecError } from '../../../schemas/codec';
import { type Webhook } from '../../../schemas/generated';
import { committedConsumer, EventReader, type StreamLog, type WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { type WebhookEvent } from '../../domain/webhook';
import { alarmView, commandEventView, lifecycleView } from '../views';
import { deliver, type Delivery, type DeliveryDeps } from './delivery';

/** Of all tenants, in one process. Over it the oldest are followed. */
export const MAX_FOLLOWED = 200;
const MAX_WAIT_MS = 500;
/** A consumer that waits for its receiver says so many times in a session. */
const HEARTBEAT_MS = 2_000;

const AGAIN_MS = 5_000;

export const webhookGroup = (id: string): string => `webhook-${id}`;

const TOPICS: Readonly<Record<WebhookEvent, string>> = {
  lifecycle: Topics.lifecycle.name,
  command: Topics.commandEvents.name,
  alarm: Topics.alarms.name,
};
const topicsOf = (webhook: Webhook): string[] => webhook.events.map((e) => TOPICS[e as WebhookEvent]);

/** Marks where a webhook's events begin: at the ends of its topics now. */
export async function beginAtEnd(admin: Admin, webhook: Webhook): Promise<void> {
  for (const topic of topicsOf(webhook)) {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.setOffsets({ groupId: webhookGroup(webhook.webhook_id), topic, partitions });
  }
}

type Read = (value: Buffer) => Promise<Omit<Delivery, 'id'> & { readonly tenant: string }>;

export interface FollowerDeps extends DeliveryDeps {
  readonly kafka: Kafka;
  readonly writers: WriterSchemas;
  readonly log: StreamLog;
}

interface Follower {
  stop(): Promise<void>;
}

export class Followers {
  private readonly running = new Map<string, Follower>();
  private readonly reads: Readonly<Record<string, Read>>;

  constructor(private readonly deps: FollowerDeps) {
    this.reads = readers(deps.writers);
  }

  /** Follows these and no others. */
  set(webhooks: readonly Webhook[]): void {
    const oldest = [...webhooks].sort((a, b) => a.created_at - b.created_at).slice(0, MAX_FOLLOWED);
    const wanted = new Map(oldest.map((w) => [w.webhook_id, w]));
    for (const id of [...this.running.keys()]) if (!wanted.has(id)) void this.leave(id);
    for (const [id, webhook] of wanted) if (!this.running.has(id)) this.running.set(id, this.follow(webhook));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((id) => this.leave(id)));
  }

  private async leave(id: string): Promise<void> {
    const follower = this.running.get(id);
    this.running.delete(id);
    await follower?.stop().catch((err: unknown) => this.deps.log.warn({ err, webhook: id }, 'webhook not left'));
  }

  private follow(webhook: Webhook): Follower {
    const consumer = committedConsumer(this.deps.kafka, webhookGroup(webhook.webhook_id), MAX_WAIT_MS);
    let stopped = false;
    const begun = (async (): Promise<void> => {
      while (!stopped)
        try {
          return await this.begin(consumer, webhook);
        } catch (err) {
          this.deps.log.warn({ err, webhook: webhook.webhook_id }, 'webhook not followed, trying again');
          await new Promise((passed) => setTimeout(passed, AGAIN_MS));
        }
    })();
    return {
      stop: async () => {
        stopped = true;
        await consumer.disconnect();
        await begun;
      },
    };
  }

  private async begin(consumer: Consumer, webhook: Webhook): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: topicsOf(webhook), fromBeginning: false });
    await consumer.run({
      ...{ autoCommit: false, eachBatchAutoResolve: false },
      eachBatch: (payload) => this.onBatch(consumer, webhook, payload),
    });
  }

  private async onBatch(consumer: Consumer, webhook: Webhook, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const { topic, partition } = batch;
    const commit = (offset: string): Promise<void> =>
      consumer.commitOffsets([{ topic, partition, offset: String(BigInt(offset) + 1n) }]);
    for (const { offset, value } of batch.messages) {
      if (!isRunning() || isStale()) return;
      const delivery = value && (await this.read(webhook, topic, `${topic}:${partition}:${offset}`, value));
      if (delivery) {
        await deliver(this.deps, webhook, delivery, (ms) => pause(ms, heartbeat, isRunning));
        await commit(offset);
      }
      resolveOffset(offset);
      await heartbeat();
    }
    await commit(batch.lastOffset());
  }

  /** Undefined when it is another tenant's, or cannot be read: the projector buries those. */
  private async read(webhook: Webhook, topic: string, place: string, value: Buffer): Promise<Delivery | undefined> {
    try {
      const event = await this.reads[topic]?.(value);
      if (event?.tenant !== webhook.tenant) return undefined;
      const { type, at, data } = event;
      return { id: place.replace(/^m2m\./, '').replaceAll(':', '-'), type, at, data };
    } catch (err) {
      if (!(err instanceof CodecError)) throw err;
      this.deps.log.warn({ err, place, webhook: webhook.webhook_id }, 'unreadable message passed over');
      return undefined;
    }
  }
}

function readers(writers: WriterSchemas): Readonly<Record<string, Read>> {
  const lives = new EventReader('device-event', writers);
  const commands = new EventReader('command-event', writers);
  const alarms = new EventReader('alarm', writers);
  return {
    [TOPICS.lifecycle]: async (value) => {
      const e = await lives.read(value);
      return { tenant: e.tenant, type: 'device.lifecycle', at: e.at, data: lifecycleView(e) };
    },
    [TOPICS.command]: async (value) => {
      const e = await commands.read(value);
      return { tenant: e.tenant, type: 'device.command', at: e.at, data: commandEventView(e) };
    },
    [TOPICS.alarm]: async (value) => {
      const e = await alarms.read(value);
      return { tenant: e.tenant, type: 'device.alarm', at: e.at, data: alarmView(e) };
    },
  };
}

/** Rejects when the consumer stops, or the group takes the partition away. */
async function pause(ms: number, heartbeat: () => Promise<void>, isRunning: () => boolean): Promise<void> {
  for (let left = ms; left > 0; left -= HEARTBEAT_MS) {
    await new Promise((passed) => setTimeout(passed, Math.min(left, HEARTBEAT_MS)));
    if (!isRunning()) throw new Error('stopped while an event was being delivered: it comes again');
    await heartbeat();
  }
}
