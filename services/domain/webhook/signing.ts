/** The signature of what is posted, as standardwebhooks.com has it: receivers check it with any of its libraries. */
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret as receivers keep it, of 256 random bits given in base64url. */
export const showSecret = (random: string): string => PREFIX + Buffer.from(random, 'base64url').toString('base64');

/** `timestamp_s`: s since 1970-01-01 UTC, of this attempt: a receiver refuses what is old, so that nobody can play it again. */
export function signature(secret: string, id: string, timestamp_s: number, body: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp_s}.${body}`).digest('base64')}`;
}
