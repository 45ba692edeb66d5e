/** Names of devices that say nothing: the same for the same name as long as its tenant's key is there, and nobody's without it. Pure. */
import { createHmac } from 'node:crypto';

export const PSEUDONYM_KEY_BYTES = 32;
/** 128 bits, so that two names of one tenant do not meet. */
const HEX_CHARS = 32;

export function pseudonymOf(key: Uint8Array, tenant: string, name: string): string {
  return `px-${createHmac('sha256', key).update(`${tenant}\0${name}`).digest('hex').slice(0, HEX_CHARS)}`;
}
