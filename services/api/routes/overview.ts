/** What a screen shows of many devices at once. */
import { Router } from 'express';
import { jsonObject } from '../../domain/command';
import { scopeOf } from '../../domain/access';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { type Row } from '../rows';
import { timeOf } from '../time';
import { existing } from './devices';

const WEEK_MS = 7 * 86_400_000;

export function overviewRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/devices/:id/values', async (req, res) => {
    const { tenant } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    res.json({ items: await deps.overview.values(tenant, device.device_id) });
  });

  router.get('/alarms', async (req, res) => {
    const principal = principalOf(res);
    const { device, standing = 'true', limit = 500 } = req.query as Record<string, string | undefined>;
    const items = await deps.overview.alarms({
      ...{ tenant: principal.tenant, scope: scopeOf(principal, 'device.read'), limit: Number(limit) },
      ...{ standing: String(standing) === 'true', ...(device !== undefined && { device }) },
    });
    res.json({ items });
  });

  router.get('/alarms/journal', async (req, res) => {
    const principal = principalOf(res);
    const { device, limit = 500 } = req.query as Record<string, string | undefined>;
    const items = await deps.overview.alarmJournal({
      ...{ tenant: principal.tenant, scope: scopeOf(principal, 'device.read'), limit: Number(limit) },
      ...(device !== undefined && { device }),
    });
    res.json({ items });
  });

  router.get('/positions', async (req, res) => {
    const principal = principalOf(res);
    const scope = scopeOf(principal, 'device.read');
    const limit = Number(req.query['limit'] ?? 50_000);
    res.json({ items: await deps.overview.positions({ tenant: principal.tenant, scope, limit }) });
  });

  router.get('/commands', async (req, res) => {
    const principal = principalOf(res);
    const { state, limit = 200 } = req.query as Record<string, string | undefined>;
    const from = timeOf(req.query['from']) ?? deps.now() - WEEK_MS;
    const items = await deps.overview.commands({
      ...{ tenant: principal.tenant, scope: scopeOf(principal, 'command.read'), from, limit: Number(limit) },
      ...(state !== undefined && { state }),
    });
    res.json({ items: items.map(commandRow) });
  });

  router.get('/campaigns', async (req, res) => {
    const items = await deps.overview.campaigns(principalOf(res).tenant, Number(req.query['limit'] ?? 100));
    res.json({ items });
  });

  return router;
}

const commandRow = ({ args, result, ...row }: Row): Row => ({
  ...row,
  args: jsonObject(String(args ?? '')),
  result: jsonObject(String(result ?? '')),
});
