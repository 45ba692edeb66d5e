/** The webhooks of all tenants, as m2m.webhooks gives them, in memory; new ones and removals go there first. */
import { type Webhook } from '../../../schemas/generated';
import { type EventWriter } from '../../../schemas/stream';
import { webhookKey } from '../../../schemas/topics';
import { mergeWebhook } from '../../domain/webhook';
import { type Publisher } from '../../../schemas/publisher';
import { ApiError } from '../problem';

export interface WebhookStore {
  /** Resolves when events from now on will be posted, once the record is on the stream. */
  begin(webhook: Webhook): Promise<void>;
  /** Resolves when the record is on the stream. */
  write(webhook: Webhook): Promise<void>;
}

export class StreamWebhookStore implements WebhookStore {
  constructor(
    private readonly publisher: Pick<Publisher, 'send'>,
    private readonly writer: EventWriter<'webhook'>,
    readonly begin: WebhookStore['begin'],
  ) {}

  write(webhook: Webhook): Promise<void> {
    const key = webhookKey(webhook.tenant, webhook.webhook_id);
    return this.publisher.send([{ topic: this.writer.topic.name, key, value: this.writer.write(webhook) }]);
  }
}

export class Webhooks {
  private readonly byKey = new Map<string, Webhook>();
  /** Called after every change. */
  onChange: () => void = () => undefined;

  constructor(private readonly store: WebhookStore) {}

  /** A record that the stream brought. */
  apply(heard: Webhook): void {
    const key = webhookKey(heard.tenant, heard.webhook_id);
    this.byKey.set(key, mergeWebhook(this.byKey.get(key), heard));
    this.onChange();
  }

  get(tenant: string, id: string): Webhook | undefined {
    const known = this.byKey.get(webhookKey(tenant, id));
    return known?.removed_at === null ? known : undefined;
  }

  /** Also one that was removed: its id is not given twice. */
  has(tenant: string, id: string): boolean {
    return this.byKey.has(webhookKey(tenant, id));
  }

  /** Of all tenants, without the removed ones. */
  active(): Webhook[] {
    return [...this.byKey.values()].filter((w) => w.removed_at === null);
  }

  /** Newest first. */
  list(tenant: string): Webhook[] {
    return this.active()
      .filter((w) => w.tenant === tenant)
      .sort((a, b) => b.created_at - a.created_at);
  }

  /** What happens from now on is posted. Throws ApiError `unavailable`. */
  async add(webhook: Webhook): Promise<void> {
    await this.stored(() => this.store.begin(webhook));
    await this.save(webhook);
  }

  /** On the stream, and from then on known here. Throws ApiError `unavailable`. */
  async save(webhook: Webhook): Promise<void> {
    await this.stored(() => this.store.write(webhook));
    this.apply(webhook);
  }

  private async stored(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (cause) {
      throw new ApiError('unavailable', 'the webhook cannot be stored now: try again', {}, { cause });
    }
  }
}
