/** How often each principal may ask: a bucket that fills steadily and holds a burst. */
import { type RequestHandler } from 'express';
import { principalOf } from './authentication';
import { ApiError } from './problem';

/** Principals remembered; past it the one longest silent goes, and starts again with a full bucket. */
export const MAX_BUCKETS = 10_000;

export interface RateLimit {
  /** Requests a second in the long run; 0: no limit. */
  readonly per_second: number;
  /** Requests at once after silence. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Pure: time comes in, ms since any moment. */
export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly limit: RateLimit) {}

  /** Takes one token; otherwise ms until there is one. */
  take(key: string, now: number): { readonly left: number } | { readonly retry_after_ms: number } {
    const { per_second, burst } = this.limit;
    const known = this.buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + (Math.max(0, now - known.at) * per_second) / 1_000);
    const taken = tokens >= 1;
    this.buckets.delete(key);
    this.buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: now });
    if (this.buckets.size > MAX_BUCKETS) this.buckets.delete(this.buckets.keys().next().value ?? '');
    return taken
      ? { left: Math.floor(tokens - 1) }
      : { retry_after_ms: Math.ceil(((1 - tokens) * 1_000) / per_second) };
  }
}

/** After authentication. Says in headers what is left, and when to come back. */
export function rateLimit(limit: RateLimit, now: () => number): RequestHandler {
  const buckets = new Buckets(limit);
  return (_req, res, next) => {
    if (limit.per_second === 0) return next();
    const { tenant, actor } = principalOf(res);
    const verdict = buckets.take(`${tenant}/${actor}`, now());
    res.setHeader('ratelimit-limit', limit.burst);
    res.setHeader('ratelimit-remaining', 'left' in verdict ? verdict.left : 0);
    if ('left' in verdict) return next();
    res.setHeader('retry-after', Math.ceil(verdict.retry_after_ms / 1_000));
    next(new ApiError('too-many-requests', `more than ${limit.per_second} requests a second, ${limit.burst} at once`));
  };
}
