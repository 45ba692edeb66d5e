/** Where events of a tenant are posted, and how patiently. Pure. */
import { type Webhook } from '../../../schemas/generated';

export const WEBHOOK_EVENTS = ['lifecycle', 'command', 'alarm'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Of a tenant, removed ones not counted: each has a consumer of its own in every process of the API. */
export const MAX_WEBHOOKS = 20;
export const MAX_URL_CHARS = 2_048;

/** Waits after the attempts that failed, ms; after the last one the event is given up. */
export const RETRY_AFTER_MS: readonly number[] = [1_000, 5_000, 30_000, 60_000, 120_000, 300_000];
/** The receiver says that it does not want any of it any more. */
const GONE = 410;

export interface NewWebhook {
  readonly url: string;
  readonly events: readonly WebhookEvent[];
}

/** Why this is no address to post to; undefined when it is one. Where it leads is looked at when it is used. */
export function problemOfUrl(url: string): string | undefined {
  if (url.length > MAX_URL_CHARS || !URL.canParse(url))
    return `expected an address of at most ${MAX_URL_CHARS} characters`;
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return 'expected https:// or http://';
  if (username !== '' || password !== '') return 'no password in the address: the signature says who posts';
  return undefined;
}

export const createWebhook = (
  by: { readonly tenant: string; readonly actor: string },
  { url, events }: NewWebhook,
  { id, secret }: { readonly id: string; readonly secret: string },
  now: number,
): Webhook => ({
  ...{ tenant: by.tenant, webhook_id: id, url, events: [...new Set(events)], secret },
  ...{ created_at: now, created_by: by.actor, removed_at: null, removed_by: null },
});

export const removeWebhook = (webhook: Webhook, by: string, now: number): Webhook =>
  webhook.removed_at === null ? { ...webhook, removed_at: now, removed_by: by } : webhook;

/** The record after another was heard: removed is removed, in whatever order records come. */
export const mergeWebhook = (known: Webhook | undefined, heard: Webhook): Webhook =>
  known && known.removed_at !== null ? known : heard;

export type Verdict =
  { readonly kind: 'delivered' } | { readonly kind: 'again'; readonly after_ms: number } | { readonly kind: 'dead' };

/** What follows an attempt. `attempt`: 1..; `status`: of the answer, undefined when there was none. */
export function judge(attempt: number, status: number | undefined): Verdict {
  if (status !== undefined && status >= 200 && status < 300) return { kind: 'delivered' };
  const after_ms = RETRY_AFTER_MS[attempt - 1];
  return status === GONE || after_ms === undefined ? { kind: 'dead' } : { kind: 'again', after_ms };
}
