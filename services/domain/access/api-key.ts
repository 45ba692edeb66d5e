/** Keys with which machines call the API: mk_<id>_<secret>. Kept is the hash of the secret alone. Pure but for the hash. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ApiKey } from '../../../schemas/generated';
import { MAX_GRANTS, parseGrant, type Principal, principal } from './principal';

/** Keys of a tenant, revoked and expired ones included. */
export const MAX_KEYS = 10_000;
export const DEFAULT_DAYS = 90;
export const MAX_DAYS = 366;

const DAY_MS = 86_400_000;
/** The id has no underscore, the secret may have any. */
const FORM = /^mk_([a-f0-9]{16})_([A-Za-z0-9_-]{32,128})$/;

export interface KeyParts {
  readonly keyId: string;
  readonly secret: string;
}

export function parseKey(text: string): KeyParts | undefined {
  const [, keyId, secret] = FORM.exec(text) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
}

export const showKey = ({ keyId, secret }: KeyParts): string => `mk_${keyId}_${secret}`;

/** The secret has 256 random bits, so a plain hash is as good as a slow one. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export interface NewKey {
  readonly name: string;
  readonly roles: readonly string[];
  readonly days: number;
}

/** The record of a new key. Undefined when a role is none. */
export function createKey(
  by: Pick<Principal, 'tenant' | 'actor'>,
  { name, roles, days }: NewKey,
  { keyId, secret }: KeyParts,
  now: number,
): ApiKey | undefined {
  if (roles.length === 0 || roles.length > MAX_GRANTS) return undefined;
  if (roles.some((r) => parseGrant(r, by.tenant) === undefined)) return undefined;
  return {
    ...{ tenant: by.tenant, key_id: keyId, name, grants: [...roles], hash: hashOf(secret) },
    ...{ created_at: now, created_by: by.actor, expires_at: now + days * DAY_MS },
    ...{ revoked_at: null, revoked_by: null },
  };
}

export const revokeKey = (key: ApiKey, by: string, now: number): ApiKey =>
  key.revoked_at === null ? { ...key, revoked_at: now, revoked_by: by } : key;

/** The record after another was heard: a key once revoked stays so, in whatever order records come. */
export const mergeKey = (known: ApiKey | undefined, heard: ApiKey): ApiKey =>
  known && known.revoked_at !== null && (heard.revoked_at ?? Infinity) >= known.revoked_at ? known : heard;

export type KeyStatus = 'active' | 'expired' | 'revoked';

export function statusOf(key: ApiKey, now: number): KeyStatus {
  if (key.revoked_at !== null) return 'revoked';
  return now >= key.expires_at ? 'expired' : 'active';
}

export type KeyCheck =
  { readonly valid: true; readonly principal: Principal } | { readonly valid: false; readonly why: string };

/** Takes the same time whether the key is known or not, and whatever part of the secret is right. */
export function checkKey(key: ApiKey | undefined, { keyId, secret }: KeyParts, now: number): KeyCheck {
  const given = Buffer.from(hashOf(secret), 'hex');
  const same = timingSafeEqual(given, key ? Buffer.from(key.hash, 'hex') : Buffer.alloc(given.length));
  if (!key || !same) return { valid: false, why: 'there is no such API key' };
  const status = statusOf(key, now);
  if (status !== 'active') return { valid: false, why: `API key ${keyId} (${key.name}) is ${status}` };
  const grants = key.grants.flatMap((g) => parseGrant(g, key.tenant) ?? []);
  return { valid: true, principal: principal('machine', key.name, key.tenant, grants) };
}
