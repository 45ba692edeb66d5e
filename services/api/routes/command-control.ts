/** What may still be done about a command that was sent: cancel it, or approve it as the second person. */
import { Router } from 'express';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { type CommandView } from '../../domain/command';
import { commandView } from '../views';

export function commandControlRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/commands/:id/cancel', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const view = await known(deps, tenant, req.params.id);
    const { reason = 'asked for over the API' } = (req.body ?? {}) as { reason?: string };
    if (view.final) return void res.json(answerOf(view));
    const { command_id } = view;
    const input = deps.commands.inputOf(tenant, command_id);
    const answer = await deps.workflows.cancelCommand(tenant, command_id, { actor, reason }, input);
    if (answer) return void res.json(answer);
    res.status(202).json({ in_time: null, state: (await known(deps, tenant, view.command_id)).state });
  });

  router.post('/commands/:id/approve', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const view = await known(deps, tenant, req.params.id);
    const { remark = '' } = (req.body ?? {}) as { remark?: string };
    await deps.workflows.approveCommand(tenant, view.command_id, { actor, remark });
    res.json(commandView(await known(deps, tenant, view.command_id)));
  });

  return router;
}

async function known(deps: ApiDependencies, tenant: string, id: string): Promise<CommandView> {
  const view = deps.commands.get(tenant, id) ?? (await deps.history.command(tenant, id));
  if (!view) throw new ApiError('not-found', `there is no command ${id}`);
  return view;
}

/** Of a command that had ended before anybody asked. */
const answerOf = ({ state }: CommandView) => ({ in_time: state === 'cancelled' || state === 'expired', state });
