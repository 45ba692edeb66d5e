/** Drafts of profiles: what the agent would read, what is behind a connection, points put into the text; and the fences of those in force. */
import { Router } from 'express';
import { fencesOfText } from '../../../edge-agent/profile-fences';
import { PointsError, type PointSource, withPoints } from '../../../edge-agent/profile-points';
import { type ProbeRequest } from '../../../schemas/probe';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';

const DEFAULT_WAIT_S = 5;
const S = 1_000;

interface Asked {
  readonly kind: ProbeRequest['kind'];
  readonly profile?: string;
  readonly connection?: string;
  readonly node?: string;
  readonly wait_s?: number;
}

interface Points {
  readonly profile: string;
  readonly connection: string;
  readonly device?: string;
  readonly source: PointSource;
}

/** Where each kind of source has what it brings. */
const BROUGHT_IN = { points: 'points', devices: 'devices', csv: 'text', ede: 'text', dbc: 'text' } as const;

function refuseWithout(source: Points['source']): void {
  const field = BROUGHT_IN[source.kind];
  if (!(field in source)) throw new ApiError('invalid-request', `source: of kind ${source.kind} needs ${field}`);
}

export function probeRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/agents/:id/probes', async (req, res) => {
    const { kind, profile = '', connection = '', node = '', wait_s = DEFAULT_WAIT_S } = req.body as Asked;
    if (kind !== 'current' && profile === '') throw new ApiError('invalid-request', `a ${kind} needs a profile`);
    const request = { kind, profile, connection, node, wait_ms: wait_s * S };
    res.json(await deps.probes.ask(principalOf(res), req.params.id, request));
  });

  router.post('/agents/:id/profile/points', (req, res) => {
    const { device = '', ...rest } = req.body as Points;
    refuseWithout(rest.source);
    try {
      res.json(withPoints({ device, ...rest }));
    } catch (cause) {
      if (!(cause instanceof PointsError)) throw cause;
      throw new ApiError('invalid-request', cause.message, {}, { cause });
    }
  });

  /** Of what is desired of it: what an agent has in a file of its own, the platform does not see. */
  router.get('/agents/:id/geofences', async (req, res) => {
    const desired = await deps.profiles.find(principalOf(res).tenant, req.params.id);
    const { fences, cut } = desired ? fencesOfText(desired.profile, desired.files) : { fences: [], cut: false };
    res.json({ items: fences, cut, version: desired?.version ?? 0 });
  });

  return router;
}
