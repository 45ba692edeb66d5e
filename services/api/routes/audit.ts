import { Router } from 'express';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { timeOf } from '../time';

const DAY_MS = 86_400_000;

export function auditRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.get('/audit', async (req, res) => {
    const query = req.query as Record<string, unknown>;
    const to = timeOf(query['to']) ?? deps.now() + 1;
    const from = timeOf(query['from']) ?? to - DAY_MS;
    if (from >= to) throw new ApiError('invalid-request', '`from` must be before `to`');
    const text = (name: 'actor' | 'action' | 'outcome') =>
      query[name] === undefined ? {} : { [name]: String(query[name]) };
    const wanted = { ...text('actor'), ...text('action'), ...text('outcome') };
    const { tenant } = principalOf(res);
    res.json({
      items: await deps.history.audit({ tenant, from, to, limit: Number(query['limit'] ?? 100), ...wanted }),
    });
  });
  return router;
}
