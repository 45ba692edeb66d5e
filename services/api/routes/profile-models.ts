/** The models that a profile describes, defined. */
import { Router } from 'express';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { defineModels } from '../profile-models';
import { planOf } from './profiles';

export function profileModelRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/models', async (req, res) => {
    const plan = planOf((req.body as { profile: string }).profile);
    res.json({ agent_id: plan.agent_id, ...(await defineModels(deps, principalOf(res), plan, 'all')) });
  });

  return router;
}
