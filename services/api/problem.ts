/** Errors as the client sees them: problem+json, RFC 9457. */
import { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { error as validation } from 'express-openapi-validator';
import { type Logger } from 'pino';
import { spanOf } from './traced';

export type ApiErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'conflict'
  | 'not-configured'
  | 'not-found'
  | 'illegal-move'
  | 'already-registered'
  | 'no-credential'
  | 'version-conflict'
  | 'invalid-request'
  | 'not-addressable'
  | 'command-refused'
  | 'key-reused'
  | 'not-approved'
  | 'refused'
  | 'over'
  | 'commands-in-flight'
  | 'unavailable'
  | 'too-many-streams'
  | 'too-many-uploads'
  | 'too-many-requests';

export const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  conflict: 409,
  'not-configured': 409,
  'not-found': 404,
  'illegal-move': 409,
  'already-registered': 409,
  'no-credential': 409,
  'version-conflict': 412,
  'invalid-request': 400,
  'not-addressable': 409,
  'command-refused': 422,
  'key-reused': 422,
  'not-approved': 409,
  refused: 409,
  over: 409,
  'commands-in-flight': 409,
  unavailable: 503,
  'too-many-streams': 429,
  'too-many-uploads': 429,
  'too-many-requests': 429,
};

export class ApiError extends Error {
  readonly status: number;
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly extra: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.status = STATUS[code];
  }
}

interface Problem {
  status: number;
  code: string;
  detail: string;
  extra: Record<string, unknown>;
}

const TITLES: Record<number, string> = {
  400: 'The request does not fit the API',
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Not possible in this state',
  412: 'Changed in the meantime',
  413: 'Too large',
  415: 'Media type not supported',
  422: 'Not as it was asked for',
  429: 'Too many',
  503: 'Not available now',
};

function problemOf(err: unknown): Problem {
  if (err instanceof ApiError) return { status: err.status, code: err.code, detail: err.message, extra: err.extra };
  const http = err as { status?: number; message?: string; errors?: unknown; type?: string };
  const known = Object.values(validation).some((c) => err instanceof (c as unknown as new () => Error));
  if (known || (http.status !== undefined && http.status < 500))
    return {
      status: http.status ?? 400,
      code: http.type?.replaceAll('.', '-') ?? 'invalid-request',
      detail: http.message ?? '',
      extra: http.errors ? { errors: http.errors } : {},
    };
  return {
    status: 500,
    code: 'internal',
    detail: 'an error on our side; the log has it under the instance id',
    extra: {},
  };
}

export function sendProblem(res: Response, p: Problem): void {
  res
    .status(p.status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:millrace:problem:${p.code}`,
        title: TITLES[p.status] ?? 'Internal error',
        status: p.status,
        code: p.code,
        detail: p.detail,
        instance: res.getHeader('x-request-id'),
        trace_id: spanOf(res).traceId,
        ...p.extra,
      }),
    );
}

export const notFound: RequestHandler = (req, _res, next) => {
  next(new ApiError('not-found', `${req.method} ${req.path} is not part of the API: see /openapi.json`));
};

/** Last in the chain: the only place where a request's error is logged. */
export function problems(log: Logger): ErrorRequestHandler {
  return (err: unknown, req, res, next) => {
    // The client has gone in the middle of an answer: nobody is left to be told.
    if (res.destroyed) return;
    const problem = problemOf(err);
    const told = { err, method: req.method, path: req.path, request_id: res.getHeader('x-request-id') };
    if (problem.status >= 500) log.error({ ...told, trace_id: spanOf(res).traceId }, 'request failed');
    if (res.headersSent) return next(err);
    if (problem.status === 401) res.setHeader('www-authenticate', 'Bearer');
    if (problem.status === 503) res.setHeader('retry-after', '1');
    const methods = (err as { headers?: { Allow?: string } } | undefined)?.headers?.Allow;
    if (problem.status === 405 && methods) res.setHeader('allow', methods);
    sendProblem(res, problem);
  };
}
