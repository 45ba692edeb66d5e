/** The end of devices' lives: how it is to go, how far it has come, and what waits for somebody to decide. */
import { Router } from 'express';
import {
  type Decision,
  DEFAULT_DECOMMISSION_POLICY,
  type DecommissionPolicy,
} from '../../../workflows/decommission/messages';
import { principalOf } from '../authentication';
import { refuseInFlight } from '../commands-in-flight';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { decommissionView } from '../views';
import { existing } from './devices';

type NewDecommission = Partial<DecommissionPolicy> & { readonly reason?: string; readonly force?: boolean };

/** Of one tenant that are told of; there are never many under way. */
const MAX_TOLD = 200;

export function decommissionRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/decommissionings', async (_req, res) => {
    const found = await deps.workflows.decommissions(principalOf(res).tenant, MAX_TOLD);
    res.json({ items: found.map(({ device_id, progress }) => ({ device_id, ...decommissionView(progress) })) });
  });

  router.get('/devices/:id/decommissioning', async (req, res) => {
    const { tenant } = principalOf(res);
    existing(deps, { tenant }, req.params.id);
    const progress = await deps.workflows.decommission(tenant, req.params.id);
    if (!progress) throw new ApiError('not-found', `nobody has begun to decommission ${req.params.id}`);
    res.json(decommissionView(progress));
  });

  router.post('/devices/:id/decommissioning', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    if (device.state === 'decommissioned') throw new ApiError('illegal-move', 'the device is decommissioned already');
    const { reason = 'asked for over the API', force = false, ...policy } = (req.body ?? {}) as NewDecommission;
    await refuseInFlight(deps, device, force);
    const { device_id, agent_id } = device;
    const what = { tenant, device_id, agent_id, actor, reason };
    await deps.workflows.startDecommission({ ...what, policy: { ...DEFAULT_DECOMMISSION_POLICY, ...policy } });
    res.status(202).location(`/api/v1/devices/${device_id}/decommissioning`).json({ device_id });
  });

  router.post('/devices/:id/decommissioning/:decision', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    existing(deps, { tenant }, req.params.id);
    const { reason = 'decided over the API' } = (req.body ?? {}) as { reason?: string };
    const decision = req.params.decision as Decision;
    const request = { decision, actor, reason };
    const progress = await deps.workflows.decideDecommission(tenant, req.params.id, request);
    res.status(202).json(decommissionView(progress));
  });

  return router;
}
