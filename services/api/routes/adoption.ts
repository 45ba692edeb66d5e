/** A device that an agent brings with the device's claim code: registered as that agent's, provisioned, active. */
import { type Request, type Response } from 'express';
import { type DeviceState } from '../../../schemas/generated';
import { type RequestType } from '../../domain/device';
import { type Name } from '../../domain/identity';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { ask } from './devices';

export interface Adoption {
  readonly device_id: string;
  readonly agent_id: string;
  readonly model: string;
}

/** What is next from each state. One that was suspended, or whose life has ended, does not come back by a claim. */
const NEXT: Readonly<Partial<Record<string, RequestType>>> = { registered: 'provision', provisioned: 'activate' };
const STEPS = 4;

/** Before the code is used up. Throws ApiError. */
export function refuseAdoption(deps: ApiDependencies, { tenant, kind, id }: Name, wish: Adoption): void {
  if (kind !== 'device' || id !== wish.device_id)
    throw new ApiError('forbidden', `the claim code is of ${kind} ${id}, not of device ${wish.device_id}`);
  const device = deps.directory.get(tenant, id)?.device;
  if (device?.agent_id && device.agent_id !== wish.agent_id)
    throw new ApiError('conflict', `${id} is a device of another agent`);
  if (device && device.state !== 'active' && !NEXT[device.state])
    throw new ApiError('conflict', `${id} is ${device.state}`);
}

/** Goes on from wherever an earlier try got to. Throws ApiError. */
export async function bringToLife(
  deps: ApiDependencies,
  req: Request,
  res: Response,
  { device_id, agent_id, model }: Adoption,
): Promise<void> {
  const { tenant } = principalOf(res);
  let device: Pick<DeviceState, 'state' | 'agent_id'> | undefined = deps.directory.get(tenant, device_id)?.device;
  const move = async (type: RequestType, data: object): Promise<void> => {
    const reply = await ask(deps, req, res, device_id, type, data, null);
    device = JSON.parse(reply.state) as DeviceState;
  };
  if (!device) await move('register', { agent_id, model });
  else if (!device.agent_id) await move('update', { agent_id });
  for (let step = 0; step < STEPS; step++) {
    const next = NEXT[device?.state ?? ''];
    if (!next) return;
    await move(next, {});
  }
}
