import { join } from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import { type Histogram } from 'prom-client';
import { projectRoot } from '../../schemas/root';
import { checkTable } from './access-table';
import { authenticate, type Authentication, installationToken, localUser } from './authentication';
import { type ApiDependencies } from './dependencies';
import { openApiDocument, openApiValidators } from './description';
import { consoleFiles } from './console-files';
import { guard } from './guard';
import { once } from './idempotency';
import { notFound, problems } from './problem';
import { rateLimit } from './rate-limit';
import { accessRoutes } from './routes/access';
import { auditRoutes } from './routes/audit';
import { batchRoutes, scheduleRoutes } from './routes/batches';
import { bulkRoutes } from './routes/bulk';
import { campaignRoutes } from './routes/campaigns';
import { commandControlRoutes } from './routes/command-control';
import { commandRoutes } from './routes/commands';
import { definitionRoutes } from './routes/definitions';
import { decommissionRoutes } from './routes/decommissions';
import { deviceRoutes } from './routes/devices';
import { identityRoutes } from './routes/identities';
import { imageRoutes } from './routes/images';
import { overviewRoutes } from './routes/overview';
import { probeRoutes } from './routes/probes';
import { profileModelRoutes } from './routes/profile-models';
import { profileRoutes } from './routes/profiles';
import { pseudonymRoutes } from './routes/pseudonyms';
import { readingRoutes } from './routes/readings';
import { streamHealthRoutes } from './routes/streams';
import { streamRoutes } from './routes/stream';
import { twinRoutes } from './routes/twin';
import { routeOf, traced } from './traced';
import { webhookRoutes } from './routes/webhooks';

/** Request bodies over this are refused before they are parsed. */
export const MAX_BODY_BYTES = 262_144;

const CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const ROUTES = [
  ...[accessRoutes, auditRoutes, identityRoutes, bulkRoutes, deviceRoutes, readingRoutes, commandRoutes, streamRoutes],
  ...[definitionRoutes, twinRoutes, commandControlRoutes, batchRoutes, campaignRoutes, scheduleRoutes],
  ...[
    overviewRoutes,
    streamHealthRoutes,
    profileRoutes,
    profileModelRoutes,
    probeRoutes,
    webhookRoutes,
    decommissionRoutes,
    pseudonymRoutes,
  ],
];

/** The HTTP application over its dependencies: no sockets of its own. */
export function createApp(deps: ApiDependencies, duration?: Histogram<'method' | 'route' | 'status'>): Express {
  const app = express();
  const document = openApiDocument();
  checkTable(document);
  app.disable('x-powered-by').disable('etag');
  app.use(requestId(deps.newId), securityHeaders);
  if (duration) app.use(measured(duration));
  app.get('/openapi.json', (_req, res) => void res.json(document));
  app.get('/.well-known/jwks.json', (_req, res) => void res.json(deps.issuer?.jwks ?? { keys: [] }));
  app.use(consoleFiles(join(projectRoot(), 'dist', 'console')));
  if (deps.tracer) app.use('/api', traced(deps.tracer));
  app.use('/api', authenticate(authentication(deps)), rateLimit(deps.rateLimit, deps.now));
  app.use('/api', express.json({ limit: MAX_BODY_BYTES }));
  app.use(openApiValidators());
  const { repeated, failed } = once(deps.now);
  app.use('/api', guard(deps), repeated);
  app.use('/api/v1/images', imageRoutes(deps));
  for (const routes of ROUTES) app.use('/api/v1', routes(deps));
  app.use(notFound, failed, problems(deps.log));
  return app;
}

function authentication(deps: ApiDependencies): Authentication {
  const { token, tenant, keys, tokens, recorder, peers } = deps;
  return {
    authenticators: [
      ...(token === undefined ? [] : [installationToken(token, tenant)]),
      keys,
      ...(deps.holders ?? []),
      tokens,
    ],
    ...(token === undefined && { anonymous: localUser(tenant) }),
    ...(peers && { peers }),
    tenant,
    recorder,
  };
}

function requestId(newId: () => string): RequestHandler {
  return (req, res, next) => {
    const given = req.header('x-request-id');
    res.setHeader('x-request-id', given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : newId());
    next();
  };
}

const securityHeaders: RequestHandler = (_req, res, next) => {
  res.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('referrer-policy', 'no-referrer');
  res.setHeader('cache-control', 'no-store');
  next();
};

function measured(duration: Histogram<'method' | 'route' | 'status'>): RequestHandler {
  return (req, res, next) => {
    const end = duration.startTimer();
    res.on('finish', () =>
      end({
        method: req.method,
        route: routeOf(req) ?? 'other',
        status: res.statusCode,
      }),
    );
    next();
  };
}
