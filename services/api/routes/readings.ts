import { Router } from 'express';
import { jsonObject } from '../../domain/command';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { type Row, type Window } from '../history';
import { ApiError } from '../problem';
import { NDJSON, writeText } from '../ndjson';
import { timeOf } from '../time';
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
    const range = rangeOf(req.query as Record<string, unknown>, deps.now());
    const limit = Number(req.query['limit'] ?? 1_000);
    res.json({ items: await deps.history.readings({ tenant, device: device.device_id, ...range, limit }) });
  });

  router.get('/devices/:id/readings/export', async (req, res) => {
    const { tenant } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    const range = rangeOf(req.query as Record<string, unknown>, deps.now());
    const lines = deps.history.exportReadings({ tenant, device: device.device_id, ...range });
    // What fails before the first row is still answered as a problem; later only the connection can say so.
    const first = await lines.next();
    res.status(200).type(NDJSON);
    if (!first.done) await writeText(res, first.value);
    for await (const text of lines) await writeText(res, text);
    res.end();
  });

  router.get('/devices/:id/history', async (req, res) => {
    const { tenant } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    const events = await lifecycleUpTo(deps, tenant, device.device_id, device.version);
    res.json({ items: events.map((e) => ({ ...e, data: jsonObject(String(e['data'] ?? '')) })) });
  });

  return router;
}

function rangeOf(query: Record<string, unknown>, now: number) {
  const to = timeOf(query['to']) ?? now;
  const from = timeOf(query['from']) ?? to - HOUR_MS;
  if (from >= to) throw new ApiError('invalid-request', '`from` must be before `to`');
  return {
    ...{ from, to },
    ...(query['metric'] !== undefined && { metric: String(query['metric']) }),
    ...(query['window'] !== undefined && { window: query['window'] as Window }),
  };
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
