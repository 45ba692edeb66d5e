/** What a device is told to be and says it is: description, configuration, hardware. */
import { type Response, Router } from 'express';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { configView } from '../views';
import { ask, existing, expectedVersion, respond } from './devices';

/** Levels of gateways and their parts. */
export const MAX_DEPTH = 8;

export function twinRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.patch('/devices/:id', async (req, res) => {
    const { reason: _, ...data } = req.body as Record<string, unknown>;
    refuseParent(deps, res, req.params.id, data['parent_id']);
    respond(deps, res, await ask(deps, req, res, req.params.id, 'update', data), 200);
  });

  router.post('/devices/:id/replace', async (req, res) => {
    const { reason: _, ...data } = req.body as Record<string, unknown>;
    respond(deps, res, await ask(deps, req, res, req.params.id, 'replace', data), 200);
  });

  router.get('/devices/:id/config', (req, res) => show(deps, res, req.params.id));

  // The ETag is the configuration's here: a device that was suspended meanwhile is no conflict.
  router.put('/devices/:id/config', async (req, res) => {
    const expected = expectedVersion(req);
    const data = { config: req.body as object, ...(expected !== null && { expected_config_version: expected }) };
    await ask(deps, req, res, req.params.id, 'configure', data, null);
    show(deps, res, req.params.id);
  });

  router.put('/devices/:id/config/reported', async (req, res) => {
    await ask(deps, req, res, req.params.id, 'report-config', req.body as object, null);
    show(deps, res, req.params.id);
  });

  return router;
}

function show(deps: ApiDependencies, res: Response, deviceId: string): void {
  const { device } = existing(deps, principalOf(res), deviceId);
  res.setHeader('etag', `"${device.desired_version}"`).json(configView(device));
}

/** Best effort: two changes at the same moment may still close a circle, which readers bound by MAX_DEPTH. */
export function refuseParent(deps: ApiDependencies, res: Response, deviceId: string, parent: unknown): void {
  const { tenant } = principalOf(res);
  let above: string | null = typeof parent === 'string' ? parent : null;
  for (let depth = 1; above !== null; depth++) {
    const entry = deps.directory.get(tenant, above);
    if (!entry && depth === 1) throw new ApiError('invalid-request', `parent_id: there is no device ${above}`);
    if (above === deviceId) throw new ApiError('invalid-request', `parent_id: ${deviceId} would be behind itself`);
    if (depth >= MAX_DEPTH) throw new ApiError('invalid-request', `parent_id: more than ${MAX_DEPTH} levels`);
    above = entry?.device.parent_id ?? null;
  }
}
