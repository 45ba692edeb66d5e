/** A device as it was: its events, as ClickHouse keeps them, folded up to a moment. Pure. */
import { type DeviceEvent as EventRecord } from '../../schemas/generated';
import { type Device, eventFromRecord, fold } from '../domain/device';

/** Null before it was registered. Throws DeviceError when the log contradicts itself. */
export function deviceAt(events: readonly EventRecord[], at: number): Device | null {
  return fold(events.filter((e) => e.at <= at).map(eventFromRecord));
}
