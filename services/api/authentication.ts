import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler } from 'express';
import { ApiError } from './problem';

export interface Principal {
  readonly actor: string;
  readonly tenant: string;
}

const digest = (s: string): Buffer => createHash('sha256').update(s).digest();

/** Requires the bearer token when there is one; the comparison takes the same time whatever was sent. */
export function authenticate(token: string | undefined, tenant: string): RequestHandler {
  const expected = token === undefined ? undefined : digest(token);
  return (req, res, next) => {
    const given = /^Bearer (.+)$/.exec(req.header('authorization') ?? '')?.[1];
    if (expected && (given === undefined || !timingSafeEqual(digest(given), expected)))
      return next(new ApiError('unauthorized', 'send the API token as `Authorization: Bearer …`'));
    res.locals['principal'] = { actor: expected ? 'user:operator' : 'user:local', tenant } satisfies Principal;
    next();
  };
}

export const principalOf = (res: { locals: Record<string, unknown> }): Principal =>
  res.locals['principal'] as Principal;
