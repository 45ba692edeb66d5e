/** Ids of requests from Idempotency-Keys: the same key within the same scope is the same request. */
import { hash } from 'node:crypto';
import { type Request } from 'express';

export function keyedId(scope: string, key: string): string {
  return hash('sha256', `${scope}\0${key}`, 'hex').slice(0, 32);
}

/** `scope` names what is asked for: tenant, thing and move. */
export function requestId(req: Request, scope: string, newId: () => string): string {
  const key = req.header('idempotency-key');
  return key === undefined ? newId() : keyedId(scope, key);
}
