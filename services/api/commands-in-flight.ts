/** A device's life does not end over commands whose outcome nobody knows yet, unless somebody says so. */
import { type DeviceState } from '../../schemas/generated';
import { idsInFlight } from '../domain/command';
import { type ApiDependencies } from './dependencies';
import { ApiError } from './problem';

/** Named in the refusal. */
const MAX_NAMED = 20;

/** Throws ApiError `commands-in-flight`. One that is being decommissioned has been asked about already. */
export async function refuseInFlight(
  deps: Pick<ApiDependencies, 'commands' | 'workflows'>,
  { tenant, device_id, state }: DeviceState,
  force: boolean,
): Promise<void> {
  if (force || state === 'decommissioning') return;
  const running = await deps.workflows.commandsInFlight(tenant, device_id);
  const ids = idsInFlight(deps.commands.of(tenant, device_id), running);
  if (ids.length === 0) return;
  const many = ids.length === 1 ? '1 command is' : `${ids.length} commands are`;
  const detail = `${many} in flight: wait, or ask with \`force\` to cancel`;
  throw new ApiError('commands-in-flight', detail, { commands: ids.slice(0, MAX_NAMED) });
}
