/** What the platform desires of an agent: shown, checked, replaced. */
import { Router } from 'express';
import { ProfileError, planOfText } from '../../../edge-agent/profile-file';
import { problemText } from '../../../edge-agent/core/profile/problem';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { defineModels } from '../profile-models';
import { iso } from '../views';

/** What comes of a profile: as `millrace agent validate` says it. */
interface Checked {
  readonly valid: boolean;
  readonly agent_id?: string;
  readonly tenant?: string;
  readonly devices?: readonly string[];
  readonly problems: readonly object[];
}

export function profileRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/agents/:id/profile', async (req, res) => {
    const found = await deps.profiles.find(principalOf(res).tenant, req.params.id);
    if (!found)
      throw new ApiError('not-found', `nothing is desired of agent ${req.params.id}: it works by its own file`);
    const { version, profile, files, by, at } = found;
    res.setHeader('etag', `"${version}"`);
    res.json({ agent_id: req.params.id, version, profile, files: Object.keys(files), by, at: iso(at) });
  });

  router.post('/agents/:id/profile/check', (req, res) => {
    res.json(check((req.body as { profile: string }).profile));
  });

  router.put('/agents/:id/profile', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { id } = req.params;
    const { profile, version } = req.body as { profile: string; version?: number };
    const plan = planOf(profile);
    if (plan.agent_id !== id) throw new ApiError('invalid-request', `the profile is that of agent ${plan.agent_id}`);
    if (plan.tenant !== tenant) throw new ApiError('invalid-request', `the profile is for the tenant ${plan.tenant}`);
    const before = (await deps.profiles.find(tenant, id))?.version ?? 0;
    if (version !== undefined && version !== before)
      throw new ApiError('version-conflict', `the desired profile is at version ${before}, not ${version}`);
    // First: a command that the agent does not know yet is refused by it, one that the model does not know by everybody.
    await defineModels(deps, principalOf(res), plan, 'kept');
    const next = { tenant, agent_id: id, version: before + 1, profile, files: {}, by: actor, at: deps.now() };
    await deps.profiles.put(next);
    res.status(202).json({ agent_id: id, version: next.version });
  });

  return router;
}

function check(text: string): Checked {
  try {
    const { agent_id, tenant, devices } = compiled(text);
    return { valid: true, agent_id, tenant, devices: [...devices.keys()], problems: [] };
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return { valid: false, problems: problemsOf(error) };
  }
}

/** Throws ApiError with every problem. */
export function planOf(text: string): ReturnType<typeof planOfText> {
  try {
    return compiled(text);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new ApiError('invalid-request', 'the profile is not valid', { errors: problemsOf(error) }, { cause: error });
  }
}

/** Tag lists beside a profile, and variables without a default, are known on the machine of whoever wrote it only. */
function compiled(text: string): ReturnType<typeof planOfText> {
  const readFile = (name: string): string => {
    throw new Error(`${name} is not here: push a profile with tag lists by \`millrace agent profile push\``);
  };
  return planOfText({ file: 'profile.yaml', text, readFile }, {});
}

const problemsOf = ({ problems }: ProfileError) => problems.map((p) => ({ ...p, message: problemText(p) }));
