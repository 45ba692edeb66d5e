/** What an Idempotency-Key is good for: ids of requests that are the same again, and their answers. */
import { hash } from 'node:crypto';
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { routeOf } from './access-table';
import { principalOf } from './authentication';
import { ApiError } from './problem';
import { type KeptAnswer, Repeats, Run } from './repeats';

/** The same key within the same scope is the same request. */
export function keyedId(scope: string, key: string): string {
  return hash('sha256', `${scope}\0${key}`, 'hex').slice(0, 32);
}

/** `scope` names what is asked for: tenant, thing and move. */
export function requestId(req: Request, scope: string, newId: () => string): string {
  const key = req.header('idempotency-key');
  return key === undefined ? newId() : keyedId(scope, key);
}

/** Routes that answer a repeated request anew, and why. */
export const ANSWERED_ANEW: Readonly<Record<string, 'body is not looked at' | 'body must be the same'>> = {
  // Uploads have no end before their answer begins: each line is the request that its key and its device make.
  'POST /devices:bulk': 'body is not looked at',
  // How far the command has come by now; one that nobody has heard of since is sent again.
  'POST /devices/{id}/commands': 'body must be the same',
  // What is erased must not be told from memory.
  'POST /pseudonyms:find': 'body is not looked at',
};
/** A longer answer is made anew: of those that only look something up. */
const MAX_ANSWER_CHARS = 262_144;
const KEPT_HEADERS = ['location', 'etag'];
const RUN = 'run-of-request';

export interface Once {
  /** To come after the guard: who may not ask is not answered from memory either. */
  readonly repeated: RequestHandler;
  /** To come before whatever answers an error. */
  readonly failed: ErrorRequestHandler;
}

/** Carries a POST request out once under its key, for each principal and path. */
export function once(now: () => number): Once {
  const repeats = new Repeats();
  const repeated: RequestHandler = async (req, res, next) => {
    const key = req.header('idempotency-key');
    const { pseudonym = false } = (req.body ?? {}) as { pseudonym?: unknown };
    const anew = pseudonym ? 'body is not looked at' : ANSWERED_ANEW[routeOf(req)?.route ?? ''];
    if (req.method !== 'POST' || key === undefined || anew === 'body is not looked at') return next();
    const { tenant, actor } = principalOf(res);
    const id = keyedId(`${tenant}\0${actor}\0${req.baseUrl}${req.path}`, key);
    const found = await settled(repeats, id, fingerprintOf(req), now);
    if (!(found instanceof Run)) return replay(res, found);
    follow(res, found, (answer) => found.keep(anew ? undefined : answer, now()));
    next();
  };
  const failed: ErrorRequestHandler = (err: unknown, _req, res, next) => {
    (res.locals[RUN] as Run | undefined)?.forget();
    next(err);
  };
  return { repeated, failed };
}

/** Waits while the same request is being carried out: an answer to repeat, or the run of this one. */
async function settled(repeats: Repeats, id: string, fingerprint: string, now: () => number) {
  for (;;) {
    const found = repeats.begin(id, fingerprint, now());
    if (found.kind === 'first') return found.run;
    if (found.kind === 'again') return found.answer;
    if (found.kind === 'other') throw keyReused();
    await found.over;
  }
}

export function keyReused(): ApiError {
  return new ApiError('key-reused', 'the Idempotency-Key was used for another request: take a new one');
}

function fingerprintOf(req: Request): string {
  return hash('sha256', JSON.stringify([req.query, req.header('if-match') ?? null, req.body ?? null]), 'base64');
}

/** To its end, whether that is an answer, an error, or nobody being there any more to be answered. */
function follow(res: Response, run: Run, keep: (answer: KeptAnswer) => void): void {
  const send = res.send.bind(res);
  res.locals[RUN] = run;
  res.once('finish', () => run.forget());
  res.send = (body?: unknown) => {
    if (typeof body !== 'string') return send(body);
    const done = res.statusCode < 300 && body.length <= MAX_ANSWER_CHARS;
    if (done) keep({ status: res.statusCode, headers: headersOf(res), text: body });
    else run.forget();
    return send(body);
  };
}

const headersOf = (res: Response): Record<string, string> =>
  Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = res.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );

function replay(res: Response, { status, headers, text }: KeptAnswer): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status).setHeader('idempotent-replayed', 'true').type('application/json').send(text);
}
