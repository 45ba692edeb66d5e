/** Between the records on the stream and the domain: narrows on the way in, spells out on the way out. */
import { type DeviceEvent as EventRecord, type DeviceState as StateRecord } from '../../../schemas/generated';
import {
  type Device,
  DeviceError,
  type DeviceEvent,
  type EventType,
  type LifecycleState,
  LIFECYCLE_STATES,
} from './device';
import { MOVES } from './moves';

const STATES = new Set<string>(LIFECYCLE_STATES);
const EVENT_TYPES = new Set<string>(MOVES.map((m) => m.event));

/** Throws DeviceError `unreadable-record` when the record says something no version of this code writes. */
export function deviceFromRecord(record: StateRecord): Device {
  const { earlier_state } = record;
  return {
    ...record,
    state: lifecycleState(record.state, record),
    earlier_state: earlier_state === null ? null : lifecycleState(earlier_state, record),
  };
}

export function deviceToRecord(device: Device): StateRecord {
  return device;
}

/** Throws DeviceError `unreadable-record`. */
export function eventFromRecord(record: EventRecord): DeviceEvent {
  if (!EVENT_TYPES.has(record.type)) throw unreadable(record, `event type ${record.type} is not known`);
  return {
    ...record,
    type: record.type as EventType,
    state_from: record.state_from === null ? null : lifecycleState(record.state_from, record),
    state_to: lifecycleState(record.state_to, record),
    data: objectOf(record),
  } as DeviceEvent;
}

export function eventToRecord(event: DeviceEvent): EventRecord {
  return { ...event, data: JSON.stringify(event.data) };
}

type Identified = Pick<StateRecord, 'tenant' | 'device_id' | 'version'>;

function lifecycleState(text: string, record: Identified): LifecycleState {
  if (!STATES.has(text)) throw unreadable(record, `state ${text} is not known`);
  return text as LifecycleState;
}

function objectOf(record: EventRecord): object {
  try {
    const value: unknown = JSON.parse(record.data);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw unreadable(record, 'data is not JSON', { cause });
  }
  throw unreadable(record, 'data is not a JSON object');
}

function unreadable(record: Identified, why: string, options?: ErrorOptions): DeviceError {
  const what = `${record.tenant}/${record.device_id} version ${record.version}: ${why}`;
  return new DeviceError('unreadable-record', 'read device', what, 'was it written by a newer release?', options);
}
