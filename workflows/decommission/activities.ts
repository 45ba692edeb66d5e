/** Effects of the decommission workflow. */
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type DeviceReply, type DeviceRequest, type IdentityEvent } from '../../schemas/generated';
import { type ExportedHistory } from './messages';

export type RegistryQuestion = Pick<
  DeviceRequest,
  'request_id' | 'tenant' | 'device_id' | 'actor' | 'reason' | 'at'
> & {
  readonly type: 'begin-decommission' | 'complete-decommission' | 'abandon-decommission' | 'update';
  /** Arguments as JSON; absent: none. */
  readonly data?: string;
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

export interface ExportRequest {
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string | null;
  /** SQL must have the device's data up to here; null when nobody knows how far it goes. */
  readonly last_seq: number | null;
  /** Unique to this run of the workflow: a repeated export replaces the file. */
  readonly name: string;
}

export interface ProfileRemoval {
  readonly tenant: string;
  readonly agent_id: string;
  readonly device_id: string;
  readonly actor: string;
  /** ms since 1970-01-01 UTC. */
  readonly at: number;
}

/** What there was to remove: `own-file`: the platform desires no profile of this agent. */
export type Removed =
  { readonly outcome: 'removed'; readonly version: number } | { readonly outcome: 'absent' | 'own-file' };

export interface DecommissionActivities {
  /** Repeating it with the same request id is harmless. */
  askRegistry(question: RegistryQuestion): Promise<RegistryAnswer>;
  /** Asks the device's commands in flight to cancel; returns the workflow ids of those that still run, at most 1,000. */
  settleCommands(request: SettleRequest): Promise<readonly string[]>;
  /** Whatever certificate or open claim the device has is good no longer; a device without any is left as it is. */
  revokeCredentials(revocation: Revocation): Promise<void>;
  /** Writes everything SQL knows of the device into a file. Fails while SQL is not as far as `last_seq`. */
  exportHistory(request: ExportRequest): Promise<ExportedHistory>;
  /** The profile the platform desires of the agent, without the device. Fails for good when it would be valid no longer. */
  removeFromProfile(removal: ProfileRemoval): Promise<Removed>;
}

export interface DecommissionDependencies {
  readonly registry: { ask(request: Omit<DeviceRequest, 'reply_to'>): Promise<DeviceReply> };
  readonly commands: {
    running(tenant: string, deviceId: string): Promise<readonly string[]>;
    cancel(workflowId: string, actor: string, reason: string): Promise<void>;
  };
  revoke(revocation: Revocation): Promise<void>;
  /** Absent: this worker has no ClickHouse. */
  readonly exporting: ((request: ExportRequest, alive: () => void) => Promise<ExportedHistory>) | undefined;
  removeFromProfile(removal: ProfileRemoval): Promise<Removed>;
}

export function createDecommissionActivities(deps: DecommissionDependencies): DecommissionActivities {
  return {
    async askRegistry(question) {
      const reply = await deps.registry.ask({ data: '{}', ...question, expected_version: null });
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
    exportHistory(request) {
      if (!deps.exporting) throw ApplicationFailure.nonRetryable('the worker has no ClickHouse: set CLICKHOUSE_URL');
      return deps.exporting(request, () => heartbeat());
    },
    removeFromProfile: (removal) => deps.removeFromProfile(removal),
  };
}
