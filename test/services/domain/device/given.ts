/** Builders for device tests: short ways to say "a device that is …" and "a request to …". */
import {
  type Device,
  type DeviceRequest,
  type From,
  type LifecycleState,
  type RequestArguments,
  type RequestType,
} from '../../../../services/domain/device';
import { type DeviceRequest as RequestRecord } from '../../../../schemas/generated';

export const NOW = 1_700_000_000_000;
export const context = { now: NOW, event_id: 'event-1' };

export function device(state: LifecycleState, over: Partial<Device> = {}): Device {
  return {
    tenant: 'default',
    device_id: 'pump-1',
    version: 3,
    state,
    earlier_state: state === 'decommissioning' ? 'suspended' : null,
    name: 'Pump 1',
    model: 'P100',
    agent_id: 'agent-1',
    path: 'acme/north/hall-2/line-1/cell-a',
    labels: { vendor: 'acme' },
    credential: 'cert-1',
    reason: null,
    registered_at: NOW - 1_000,
    changed_at: NOW - 500,
    recent_requests: ['earlier-1'],
    ...{ parent_id: null, serial: '', replacements: 0 },
    ...{ desired: '', desired_version: 0, reported: '', reported_version: 0 },
    ...over,
  };
}

export const given = (from: From): Device | null => (from === 'none' ? null : device(from));

export const DESCRIPTION = { name: '', model: '', agent_id: null, path: '', labels: {}, parent_id: null };

const ARGUMENTS: { [T in RequestType]: RequestArguments[T] } = {
  register: DESCRIPTION,
  provision: { credential: 'cert-2' },
  activate: {},
  suspend: {},
  resume: {},
  'begin-decommission': {},
  'complete-decommission': {},
  'abandon-decommission': {},
  update: { name: 'Renamed' },
  quarantine: {},
  release: {},
  replace: { serial: 'S-2', credential: 'cert-2' },
  configure: { config: { interval_s: 5 } },
  'report-config': { config: { interval_s: 5 }, config_version: 0 },
};

export function request<T extends RequestType>(
  type: T,
  data: RequestArguments[T] = ARGUMENTS[type],
  over: Partial<Omit<DeviceRequest, 'type' | 'data'>> = {},
): DeviceRequest {
  return {
    request_id: 'request-1',
    reply_to: 'api-1',
    tenant: 'default',
    device_id: 'pump-1',
    expected_version: null,
    actor: 'alice',
    reason: null,
    at: NOW,
    ...over,
    type,
    data,
  } as DeviceRequest;
}

export function record(type: string, data: unknown = {}, over: Partial<RequestRecord> = {}): RequestRecord {
  return {
    request_id: 'request-1',
    reply_to: 'api-1',
    tenant: 'default',
    device_id: 'pump-1',
    expected_version: null,
    actor: 'alice',
    reason: null,
    at: NOW,
    type,
    data: typeof data === 'string' ? data : JSON.stringify(data),
    ...over,
  };
}
