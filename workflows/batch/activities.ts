/** Effects of the batch workflow. */
import { type DeviceState } from '../../schemas/generated';
import { MAX_TARGETS, type Target, ZONE_LABEL } from '../../services/domain/batch';
import { type DeviceFilter } from '../../services/domain/device';
import { ApplicationFailure } from '@temporalio/common';

export interface TargetQuestion {
  readonly tenant: string;
  readonly filter: DeviceFilter;
  readonly name: string;
  readonly approvals: readonly string[];
}

export interface Targets {
  /** In the order of their ids. */
  readonly targets: readonly Target[];
  /** Devices that fit and take no commands: not active, or without an agent. */
  readonly skipped: number;
}

export interface BatchActivities {
  /** Fails for good when more than MAX_TARGETS devices fit. */
  findTargets(question: TargetQuestion): Promise<Targets>;
}

export interface DeviceBook {
  /** Devices of a tenant that fit. Resolves when everything that was on the stream at the start has been read. */
  select(tenant: string, filter: DeviceFilter): Promise<readonly DeviceState[]>;
}

export function createBatchActivities(devices: DeviceBook): BatchActivities {
  return {
    async findTargets({ tenant, filter, name, approvals }) {
      const found = await devices.select(tenant, filter);
      const able = found.filter((d) => d.state === 'active' && d.agent_id !== null);
      if (able.length > MAX_TARGETS)
        throw ApplicationFailure.nonRetryable(
          `${able.length} devices fit, at most ${MAX_TARGETS} can be commanded at once`,
        );
      const asked = new Set(approvals);
      const targets = able.map(({ device_id, agent_id, model, labels }) => ({
        device_id,
        agent_id: agent_id ?? '',
        needs_approval: asked.has(model) || asked.has(`${model}/${name}`),
        ...(labels[ZONE_LABEL] !== undefined && { time_zone: labels[ZONE_LABEL] }),
      }));
      return { targets, skipped: found.length - able.length };
    },
  };
}
