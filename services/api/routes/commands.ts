import { type Request, Router } from 'express';
import { type CommandInput } from '../../../workflows/command/messages';
import { type DeviceState } from '../../../schemas/generated';
import { checkCommand, type Model } from '../../domain/definition';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { keyReused, requestId } from '../idempotency';
import { ApiError } from '../problem';
import { spanOf } from '../traced';
import { commandView } from '../views';
import {
  type CommandCondition,
  type CommandOptions,
  DRY_RUN_ORDER,
  issuedEvent,
  MAX_TIMEOUT_MS,
  MIN_TIMEOUT_MS,
} from '../../domain/command';
import { existing } from './devices';

export interface NewCommand {
  name: string;
  args?: object;
  qos?: 0 | 1 | 2;
  timeout_ms?: number;
  /** Absolute, in place of timeout_ms. */
  deadline?: string | Date;
  priority?: number;
  only_if?: CommandCondition[];
  when_awake?: boolean;
  tolerance?: number;
  settle_ms?: number;
  dry_run?: boolean;
  approval?: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;

export function commandRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/devices/:id/commands', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { device } = existing(deps, { tenant }, req.params.id);
    const { traceparent } = spanOf(res);
    const input = { ...commandInput(req, device, actor, deps), ...(traceparent !== undefined && { traceparent }) };
    const known = (await settledBefore(req, input, deps)) ?? (await begun(input, deps));
    res.status(202).location(`/api/v1/commands/${input.command_id}`);
    res.json(known && commandView(known));
  });

  router.get('/devices/:id/commands', async (req, res) => {
    const principal = principalOf(res);
    const { device } = existing(deps, principal, req.params.id);
    const limit = Number(req.query['limit'] ?? 100);
    const views = await deps.history.commandsOf(principal.tenant, device.device_id, limit);
    res.json({ items: views.map((v) => commandView(deps.commands.get(principal.tenant, v.command_id) ?? v)) });
  });

  router.get('/commands/:id', async (req, res) => {
    const { tenant } = principalOf(res);
    const view = deps.commands.get(tenant, req.params.id) ?? (await deps.history.command(tenant, req.params.id));
    if (!view) throw new ApiError('not-found', `there is no command ${req.params.id}`);
    res.json(commandView(view));
  });

  return router;
}

/** What came of the request before. One that nobody settled yet goes out again, in case it got lost: the agent's ledger knows it. */
async function settledBefore(req: Request, { tenant, command_id, name, args }: CommandInput, deps: ApiDependencies) {
  if (req.header('idempotency-key') === undefined) return undefined;
  const known =
    deps.commands.get(tenant, command_id) ?? (await deps.history.command(tenant, command_id).catch(() => undefined));
  if (known && (known.name !== name || JSON.stringify(known.args) !== args)) throw keyReused();
  return known?.settled === true ? known : undefined;
}

async function begun(input: CommandInput, deps: ApiDependencies) {
  await deps.workflows.startCommand(input);
  // Who asks for the command right away finds it, before the stream brings it.
  deps.commands.apply(issuedEvent(input));
  return deps.commands.get(input.tenant, input.command_id);
}

function commandInput(req: Request, device: DeviceState, actor: string, deps: ApiDependencies): CommandInput {
  if (device.state !== 'active')
    throw new ApiError('illegal-move', `the device is ${device.state}: only an active device takes commands`, {
      state: device.state,
    });
  if (device.agent_id === null)
    throw new ApiError('not-addressable', 'the device has no agent: register it with the agent_id that reaches it');
  const body = req.body as NewCommand;
  refuseAgainstModel(deps.definitions.model(device.tenant, device.model), device.model, body);
  const issued_at = deps.now();
  const options = optionsOf(body);
  const what = whatOf(body);
  const approval = needsApproval(body, device, deps);
  return {
    command_id: commandId(req, device, deps),
    tenant: device.tenant,
    device_id: device.device_id,
    agent_id: device.agent_id,
    ...what,
    issued_at,
    deadline: deadlineOf(body, issued_at),
    actor,
    ...(Object.keys(options).length > 0 && { options }),
    ...(approval && { needs_approval: true }),
    // At QoS 0 nobody may send twice, so one does; an approval comes to the workflow.
    ...(what.qos !== 0 && !approval && { sent_by_caller: true }),
  };
}

/** A device whose model is defined takes what the model says; of any other the agent's profile alone decides. */
export function refuseAgainstModel(model: Model | undefined, modelName: string, { name, args = {} }: NewCommand): void {
  if (!model) return;
  const { problems, allowed } = checkCommand(model, name, args as Record<string, unknown>);
  if (problems.length === 0) return;
  const detail = `model ${modelName}: ${problems.map((p) => `${p.path} ${p.message}`).join('; ')}`;
  throw new ApiError('command-refused', detail, { errors: problems, allowed });
}

/** A dry run is an order of the platform's that names the command: so nothing that was not done is ever called executed. */
export function whatOf({ name, args = {}, qos = 1, dry_run }: NewCommand): Pick<CommandInput, 'name' | 'args' | 'qos'> {
  if (dry_run) return { name: DRY_RUN_ORDER, args: JSON.stringify({ name, args }), qos: 1 };
  return { name, args: JSON.stringify(args), qos };
}

export function optionsOf({ priority, only_if, when_awake, tolerance, settle_ms }: NewCommand): CommandOptions {
  const all = { priority, only_if, when_awake, tolerance, settle_ms };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function deadlineOf({ deadline, timeout_ms }: NewCommand, issued_at: number): number {
  if (deadline === undefined) return issued_at + (timeout_ms ?? DEFAULT_TIMEOUT_MS);
  if (timeout_ms !== undefined) throw new ApiError('invalid-request', 'give `deadline` or `timeout_ms`, not both');
  const at = new Date(deadline).getTime();
  if (at < issued_at + MIN_TIMEOUT_MS || at > issued_at + MAX_TIMEOUT_MS)
    throw new ApiError('invalid-request', '`deadline` must be from 100 ms to 30 days away');
  return at;
}

/** Looking on needs no second person. */
function needsApproval(
  { approval, dry_run, name }: NewCommand,
  { model }: DeviceState,
  deps: ApiDependencies,
): boolean {
  if (dry_run) return false;
  return approval === true || deps.approvals.has(model) || deps.approvals.has(`${model}/${name}`);
}

/** The same Idempotency-Key on the same device is the same command. */
function commandId(req: Request, device: DeviceState, deps: ApiDependencies): string {
  return requestId(req, `${device.tenant}/${device.device_id}`, deps.newId);
}
