/** A device, the facts its life is made of, and how they add up. Shapes are those of the records, refined. */
import { type DeviceEvent as EventRecord, type DeviceState as StateRecord } from '../../../schemas/generated';

export const LIFECYCLE_STATES = [
  'registered',
  'provisioned',
  'active',
  'suspended',
  'quarantined',
  'decommissioning',
  'decommissioned',
] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** Request ids a device remembers; a request repeated after that many others is decided again. */
export const MAX_RECENT_REQUESTS = 16;

export interface Device extends Omit<StateRecord, 'state' | 'earlier_state'> {
  readonly state: LifecycleState;
  /** Where an abandoned decommissioning returns to; null unless decommissioning. */
  readonly earlier_state: LifecycleState | null;
}

/** null: there is no such device (yet). */
export type DeviceOrNone = Device | null;
export const initialState: DeviceOrNone = null;

/** What its owner says about a device. */
export interface Description {
  readonly name: string;
  readonly model: string;
  readonly agent_id: string | null;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly parent_id: string | null;
}

/** A configuration as people and devices write it. */
export type Config = Readonly<Record<string, unknown>>;

type Nothing = Readonly<Record<string, never>>;

/** What each type of event adds. */
export interface EventData {
  registered: Description;
  provisioned: { readonly credential: string | null };
  activated: Nothing;
  suspended: Nothing;
  resumed: Nothing;
  'decommission-begun': Nothing;
  'decommission-abandoned': Nothing;
  decommissioned: Nothing;
  updated: Partial<Description>;
  quarantined: Nothing;
  released: Nothing;
  /** New hardware under the same identity: its history goes on. */
  replaced: { readonly serial: string; readonly credential: string | null };
  /** `config_version`: of the desired configuration. */
  configured: { readonly config: Config; readonly config_version: number };
  /** `config_version`: the desired one that the device has taken. */
  'config-reported': { readonly config: Config; readonly config_version: number };
}

export type EventType = keyof EventData;

interface Envelope extends Omit<EventRecord, 'type' | 'state_from' | 'state_to' | 'data'> {
  readonly state_from: LifecycleState | null;
  readonly state_to: LifecycleState;
}

export type DeviceEvent = {
  [T in EventType]: Envelope & { readonly type: T; readonly data: EventData[T] };
}[EventType];

export type DeviceErrorCode = 'impossible-event' | 'unreadable-record';

/** The log contradicts itself or the rules: never the fault of a request. */
export class DeviceError extends Error {
  constructor(
    readonly code: DeviceErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'DeviceError';
  }
}

/** The device after the event. Throws DeviceError `impossible-event` when the event cannot follow the state. */
export function evolve(state: DeviceOrNone, event: DeviceEvent): Device {
  if (event.type === 'registered') return born(state, event);
  if (state === null) throw impossible(event, 'the device was never registered');
  if (event.version !== state.version + 1) throw impossible(event, `it follows version ${state.version}`);
  if (event.state_from !== state.state) throw impossible(event, `the device is ${state.state}`);
  const moved = follow(state, event);
  switch (event.type) {
    case 'provisioned':
      return { ...moved, credential: event.data.credential };
    case 'decommission-begun':
      return { ...moved, earlier_state: state.state };
    case 'decommission-abandoned':
    case 'decommissioned':
      return { ...moved, earlier_state: null };
    case 'updated':
      return { ...settled(moved, state), ...event.data, labels: { ...(event.data.labels ?? state.labels) } };
    case 'replaced':
      return { ...moved, ...event.data, replacements: state.replacements + 1, reported: '', reported_version: 0 };
    case 'configured':
      return { ...settled(moved, state), ...desired(event.data) };
    case 'config-reported':
      return { ...settled(moved, state), ...reported(event.data) };
    case 'activated':
    case 'suspended':
    case 'resumed':
    case 'quarantined':
    case 'released':
      return moved;
    default:
      return unknownEvent(event);
  }
}

/** The device its whole history makes. */
export function fold(events: Iterable<DeviceEvent>, from: DeviceOrNone = initialState): DeviceOrNone {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
}

function born(state: DeviceOrNone, event: Extract<DeviceEvent, { type: 'registered' }>): Device {
  if (state !== null) throw impossible(event, `the device is already ${state.state}`);
  if (event.version !== 1) throw impossible(event, 'a life begins with version 1');
  // Events written before there were parents say nothing of them.
  const { parent_id = null, ...description } = event.data as Omit<Description, 'parent_id'> & Partial<Description>;
  return {
    tenant: event.tenant,
    device_id: event.device_id,
    version: 1,
    state: event.state_to,
    earlier_state: null,
    ...description,
    labels: { ...event.data.labels },
    credential: null,
    reason: event.reason,
    registered_at: event.at,
    changed_at: event.at,
    recent_requests: [event.request_id],
    ...{ parent_id, serial: '', replacements: 0, desired: '', desired_version: 0, reported: '', reported_version: 0 },
  };
}

function follow(state: Device, event: DeviceEvent): Device {
  return {
    ...state,
    version: event.version,
    state: event.state_to,
    reason: event.reason,
    changed_at: event.at,
    recent_requests: [...state.recent_requests, event.request_id].slice(-MAX_RECENT_REQUESTS),
  };
}

/** What is no move keeps the reason of the last one. */
const settled = (moved: Device, before: Device): Device => ({ ...moved, reason: before.reason });

const desired = ({ config, config_version }: EventData['configured']): Pick<Device, 'desired' | 'desired_version'> => ({
  desired: JSON.stringify(config),
  desired_version: config_version,
});

const reported = (data: EventData['config-reported']): Pick<Device, 'reported' | 'reported_version'> => ({
  reported: JSON.stringify(data.config),
  reported_version: data.config_version,
});

function impossible(event: DeviceEvent, why: string): DeviceError {
  const what = `event ${event.type}, version ${event.version}, of ${event.tenant}/${event.device_id}`;
  const hint = 'the log was written by something else than decide(), or is read out of order';
  return new DeviceError('impossible-event', 'evolve', `${what} cannot happen: ${why}`, hint);
}

function unknownEvent(event: never): never {
  throw impossible(event, 'its type is not known here');
}
