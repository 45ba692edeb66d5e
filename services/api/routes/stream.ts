import { Router } from 'express';
import { isInScope, scopeOf } from '../../domain/access';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { FEED_TYPES, type FeedType, MAX_CLIENTS } from '../feed';
import { ApiError } from '../problem';

export function streamRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.get('/stream', async (req, res) => {
    if (deps.feed.size >= MAX_CLIENTS)
      throw new ApiError('too-many-streams', `${MAX_CLIENTS} clients are listening already`);
    const principal = principalOf(res);
    const scope = scopeOf(principal, 'device.read');
    const query = req.query as { device?: string; types?: FeedType[] };
    const filter = {
      tenant: principal.tenant,
      sees: (device: string) =>
        scope === 'everywhere' || isInScope(scope, deps.directory.get(principal.tenant, device)?.device.path ?? ''),
      types: new Set(query.types ?? FEED_TYPES),
      ...(query.device !== undefined && { device: query.device }),
    };
    await deps.feed.add(req, res, filter, req.header('last-event-id'));
  });
  return router;
}
