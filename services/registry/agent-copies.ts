/** Which agents must hear of a device: the one it is behind now, and those it was taken from. */
import { type DeviceState } from '../../schemas/generated';
import { type Device, type DeviceOrNone, deviceToRecord } from '../domain/device';

export interface AgentCopy {
  readonly agent_id: string;
  /** What it is told; undefined: the state as it is. */
  readonly farewell?: DeviceState;
}

/** Collects the agents each device of a batch passed through; asked once at the end of the batch. */
export class AgentChanges {
  private readonly left = new Map<string, Set<string>>();

  note(key: string, before: DeviceOrNone, after: Device): void {
    const agent_id = before?.agent_id;
    if (!agent_id || agent_id === after.agent_id) return;
    const agents = this.left.get(key) ?? new Set();
    this.left.set(key, agents.add(agent_id));
  }

  copies(key: string, device: Device): readonly AgentCopy[] {
    const left = [...(this.left.get(key) ?? [])].filter((agent_id) => agent_id !== device.agent_id);
    const notices = left.map((agent_id) => ({ agent_id, farewell: farewell(device) }));
    return device.agent_id === null ? notices : [...notices, { agent_id: device.agent_id }];
  }
}

/**
 * A tombstone would not do: an agent polls what its profile names unless it is told not to, so two agents would poll one
 * device. To the one it left, the device is decommissioned. It learns nothing else about where the device went.
 */
function farewell(device: Device): DeviceState {
  return {
    ...deviceToRecord(device),
    state: 'decommissioned',
    earlier_state: null,
    agent_id: null,
    credential: null,
    labels: {},
    reason: 'reached through another agent, or none, from now on',
    recent_requests: [],
  } as DeviceState;
}
