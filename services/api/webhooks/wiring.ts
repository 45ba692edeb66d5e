/** Puts the webhooks of a process together: their records, who follows the log for them, and what is told of it. */
import { type Admin, type Kafka } from 'kafkajs';
import { type Registry } from 'prom-client';
import { EventWriter, type SchemaIds, type StreamLog, type WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { type AuditEvent, type Webhook } from '../../../schemas/generated';
import { type Env, integer } from '../../lib/environment';
import { type Publisher } from '../../../schemas/publisher';
import { type AuditSink } from '../audit-log';
import { webhookAttempts } from '../metrics';
import { StreamWebhookStore, Webhooks } from './book';
import { type Delivery } from './delivery';
import { beginAtEnd, Followers } from './followers';
import { poster } from './post';

const MAX_REASON_CHARS = 512;

export interface WebhookWiring {
  readonly env: Env;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly writers: WriterSchemas;
  readonly ids: SchemaIds;
  readonly publisher: Publisher;
  readonly audit: AuditSink;
  readonly metrics: Registry;
  readonly log: StreamLog;
  now(): number;
  newId(): string;
}

export interface WiredWebhooks {
  readonly webhooks: Webhooks;
  /** To be called when all records that there are have been read. */
  start(): void;
  stop(): Promise<void>;
}

export function wireWebhooks(w: WebhookWiring): WiredWebhooks {
  const { env, kafka, writers, log, now } = w;
  const outcomes = webhookAttempts(w.metrics);
  const webhooks = new Webhooks(
    new StreamWebhookStore(w.publisher, new EventWriter(Topics.webhooks, w.ids), (hook) => beginAtEnd(w.admin, hook)),
  );
  const followers = new Followers({
    ...{ kafka, writers, log, now },
    post: poster(integer(env, 'WEBHOOK_LOCAL', 0, 0, 1) === 1),
    onOutcome: (outcome) => outcomes.inc({ outcome }),
    onDead: (webhook, delivery, reason) => {
      log.warn({ webhook: webhook.webhook_id, event: delivery.id, reason }, 'an event for a webhook was given up');
      const event = givenUp(w, webhook, delivery, reason);
      w.audit.write(event).catch((err: unknown) => log.warn({ err, event }, 'not on record'));
    },
  });
  return {
    webhooks,
    start: () => {
      webhooks.onChange = () => followers.set(webhooks.active());
      webhooks.onChange();
    },
    stop: () => followers.stop(),
  };
}

/** What the audit log keeps of an event that a receiver did not take. */
function givenUp({ now, newId }: WebhookWiring, webhook: Webhook, delivery: Delivery, reason: string): AuditEvent {
  const resource = `/webhooks/${webhook.webhook_id}`;
  return {
    ...{ event_id: newId(), tenant: webhook.tenant, at: now(), actor: `service:webhook/${webhook.webhook_id}` },
    ...{ action: 'webhook.deliver', outcome: 'refused', granted_by: '', resource, route: `POST ${delivery.type}` },
    ...{ reason: `${delivery.id} given up: ${reason}`.slice(0, MAX_REASON_CHARS), request_id: delivery.id, source: '' },
  };
}
