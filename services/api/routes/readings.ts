import { Router } from 'express';
import { jsonObject } from '../../domain/command';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { type Row, type Window } from '../history';
import { ApiError } from '../problem';
import { existing } from './devices';

const HOUR_MS = 3_600_000;
/** How long the history waits for the projection to show the newest event the API itself knows of. */
const READ_YOUR_WRITES_MS = 2_000;
const POLL_MS = 100;

export function readingRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/devices/:id/readings', async (req, res) => {
    const { tenant } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    const query = req.query as Record<string, unknown>;
    const to = timeOf(query['to']) ?? deps.now();
    const from = timeOf(query['from']) ?? to - HOUR_MS;
    if (from >= to) throw new ApiError('invalid-request', '`from` must be before `to`');
    const items = await deps.history.readings({
      tenant,
      device: device.device_id,
      from,
      to,
      limit: Number(query['limit'] ?? 1_000),
      ...(query['metric'] !== undefined && { metric: String(query['metric']) }),
      ...(query['window'] !== undefined && { window: query['window'] as Window }),
    });
    res.json({ items });
  });

  router.get('/devices/:id/history', async (req, res) => {
    const { tenant } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    const events = await lifecycleUpTo(deps, tenant, device.device_id, device.version);
    res.json({ items: events.map((e) => ({ ...e, data: jsonObject(String(e['data'] ?? '')) })) });
  });

  return router;
}

async function lifecycleUpTo(deps: ApiDependencies, tenant: string, device: string, version: number): Promise<Row[]> {
  const until = deps.now() + READ_YOUR_WRITES_MS;
  for (;;) {
    const events = await deps.history.lifecycle(tenant, device);
    if (Number(events.at(-1)?.['version'] ?? 0) >= version) return events;
    if (deps.now() > until)
      throw new ApiError('unavailable', `version ${version} of the device is not projected yet: try again`);
    await new Promise((r) => setTimeout(r, POLL_MS));
  }
}

export function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  return value instanceof Date ? value.getTime() : Date.parse(String(value));
}
