/** Claim codes: mc_<id>_<secret>, good for one enrolment. Pure but for the hash. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Identity } from './identity';

export const DEFAULT_CLAIM_MINUTES = 60;
export const MAX_CLAIM_MINUTES = 10_080;

const FORM = /^mc_([a-f0-9]{16})_([A-Za-z0-9_-]{32,128})$/;

export interface ClaimCode {
  readonly id: string;
  readonly secret: string;
}

export function parseClaim(text: string): ClaimCode | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const showClaim = ({ id, secret }: ClaimCode): string => `mc_${id}_${secret}`;
export const claimHash = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Undefined when the code is good for the identity; otherwise why not. A used one is good still to be answered again. */
export function refuseClaim(state: Identity | undefined, code: ClaimCode, now: number): string | undefined {
  const open = state?.claim?.id === code.id ? state.claim : undefined;
  const known = open ?? (state?.claimed_by?.id === code.id ? state.claimed_by : undefined);
  const given = Buffer.from(claimHash(code.secret), 'hex');
  const same = timingSafeEqual(given, known ? Buffer.from(known.hash, 'hex') : Buffer.alloc(given.length));
  if (!known || !same) return 'there is no such claim code';
  if (open && now >= open.expires_at) return 'the claim code has expired';
  return state?.revoked_at !== null && !open ? 'the identity is revoked' : undefined;
}
