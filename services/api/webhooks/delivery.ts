/** Brings one event to one webhook: until it is taken, or was refused often enough. */
import { type Webhook } from '../../../schemas/generated';
import { judge, signature } from '../../domain/webhook';
import { iso } from '../views';

export interface Delivery {
  /** The same whenever the same event is posted again: receivers drop repeats by it. No full stop in it. */
  readonly id: string;
  /** Such as `device.lifecycle`. */
  readonly type: string;
  /** When it happened, ms since 1970-01-01 UTC. */
  readonly at: number;
  readonly data: object;
}

/** Posts, and resolves with the status of the answer. Rejects when there is none. */
export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number>;

export type Outcome = 'delivered' | 'again' | 'dead';

export interface DeliveryDeps {
  readonly post: Post;
  /** ms since 1970-01-01 UTC. */
  now(): number;
  onOutcome(outcome: Outcome): void;
  /** What was given up, and why the last attempt failed. */
  onDead(webhook: Webhook, delivery: Delivery, reason: string): void;
}

/**
 * Resolves when the event is delivered or given up. `wait` passes the time between attempts, and rejects to stop: then the event
 * is neither, and comes again.
 */
export async function deliver(
  { post, now, onOutcome, onDead }: DeliveryDeps,
  webhook: Webhook,
  delivery: Delivery,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const { id, type, at, data } = delivery;
  const body = JSON.stringify({ type, timestamp: iso(at), data });
  for (let attempt = 1; ; attempt++) {
    const { status, reason } = await attemptOf(post, webhook, id, body, Math.floor(now() / 1_000));
    const verdict = judge(attempt, status);
    onOutcome(verdict.kind);
    if (verdict.kind === 'dead') onDead(webhook, delivery, `attempt ${attempt}: ${reason}`);
    if (verdict.kind !== 'again') return;
    await wait(verdict.after_ms);
  }
}

async function attemptOf(
  post: Post,
  { url, secret }: Webhook,
  id: string,
  body: string,
  timestamp_s: number,
): Promise<{ status?: number; reason: string }> {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp_s),
    'webhook-signature': signature(secret, id, timestamp_s, body),
  };
  try {
    const status = await post(url, headers, body);
    return { status, reason: `HTTP ${status}` };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}
