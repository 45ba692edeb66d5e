/** Requests as the first step of a trace: a command that one of them asks for goes on with it through everything. */
import { type Request, type RequestHandler, type Response } from 'express';
import { TRACE_HEADER } from '../../schemas/tracing/context';
import { NO_SPAN, type Span, type Tracer } from '../../schemas/tracing/tracer';

const SERVER_ERROR = 500;

export function traced(tracer: Tracer): RequestHandler {
  return (req, res, next) => {
    const { method } = req;
    const attributes = { 'http.request.method': method, 'millrace.request_id': String(res.getHeader('x-request-id')) };
    const span = tracer.enter(req.header(TRACE_HEADER), method, { kind: 'server', attributes });
    res.locals['span'] = span;
    res.once('close', () => {
      const route = routeOf(req) ?? 'other';
      const status = res.statusCode;
      span.end({
        name: `${method} ${route}`,
        attributes: { 'http.route': route, 'http.response.status_code': status },
        error: status >= SERVER_ERROR ? `HTTP ${status}` : undefined,
      });
    });
    next();
  };
}

/** As it was declared, without the ids in it: `/devices/:id/commands`. Undefined before it is found, or when there is none. */
export const routeOf = (req: Request): string | undefined => (req.route as { path?: string } | undefined)?.path;

/** The request's own part of its trace. */
export const spanOf = (res: Response): Span => (res.locals['span'] as Span | undefined) ?? NO_SPAN;
