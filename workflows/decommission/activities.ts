/** Effects of the decommission workflow. */
import { type DeviceReply, type DeviceRequest, type IdentityEvent } from '../../schemas/generated';

export type RegistryQuestion = Pick<
  DeviceRequest,
  'request_id' | 'tenant' | 'device_id' | 'actor' | 'reason' | 'at'
> & {
  readonly type: 'begin-decommission' | 'complete-decommission' | 'abandon-decommission';
};

export interface RegistryAnswer {
  readonly outcome: DeviceReply['outcome'];
  /** Rejection in words; empty when accepted. */
  readonly detail: string;
  /** Lifecycle state of the device after the request; empty when there is no such device. */
  readonly state: string;
  readonly agent_id: string | null;
}

export interface SettleRequest {
  readonly tenant: string;
  readonly device_id: string;
  readonly actor: string;
  readonly reason: string;
  /** Commands already asked to cancel. */
  readonly asked: readonly string[];
}

/** `event_id` is the same however often it is repeated. */
export type Revocation = Pick<IdentityEvent, 'event_id' | 'tenant' | 'actor' | 'reason' | 'at'> & {
  readonly device_id: string;
};

export interface DecommissionActivities {
  /** Repeating it with the same request id is harmless. */
  askRegistry(question: RegistryQuestion): Promise<RegistryAnswer>;
  /** Asks the device's commands in flight to cancel; returns the workflow ids of those that still run, at most 1,000. */
  settleCommands(request: SettleRequest): Promise<readonly string[]>;
  /** Whatever certificate or open claim the device has is good no longer; a device without any is left as it is. */
  revokeCredentials(revocation: Revocation): Promise<void>;
}

export interface DecommissionDependencies {
  readonly registry: { ask(request: Omit<DeviceRequest, 'reply_to'>): Promise<DeviceReply> };
  readonly commands: {
    running(tenant: string, deviceId: string): Promise<readonly string[]>;
    cancel(workflowId: string, actor: string, reason: string): Promise<void>;
  };
  revoke(revocation: Revocation): Promise<void>;
}

export function createDecommissionActivities(deps: DecommissionDependencies): DecommissionActivities {
  return {
    async askRegistry(question) {
      const reply = await deps.registry.ask({ ...question, expected_version: null, data: '{}' });
      const device = reply.state === '' ? undefined : (JSON.parse(reply.state) as { state: string; agent_id: string });
      const { outcome, detail } = reply;
      return { outcome, detail, state: device?.state ?? '', agent_id: device?.agent_id ?? null };
    },
    async settleCommands({ tenant, device_id, actor, reason, asked }) {
      const running = await deps.commands.running(tenant, device_id);
      const known = new Set(asked);
      for (const id of running) if (!known.has(id)) await deps.commands.cancel(id, actor, reason);
      return running;
    },
    revokeCredentials: (revocation) => deps.revoke(revocation),
  };
}
