/** A device as it was at a moment. */
import { type DeviceState } from '../../schemas/generated';
import { type ApiDependencies } from './dependencies';
import { deviceAt } from './life';
import { ApiError } from './problem';
import { iso } from './views';

/** How long to wait for the projection to show what the API itself knows to have happened. */
const READ_YOUR_WRITES_MS = 2_000;
const POLL_MS = 100;

/** `at`: ms since 1970-01-01 UTC. Throws ApiError `not-found` when there was no such device yet. */
export async function deviceAsOf(
  deps: Pick<ApiDependencies, 'history'>,
  current: DeviceState,
  at: number,
): Promise<DeviceState> {
  if (at >= current.changed_at) return current;
  const { tenant, device_id } = current;
  for (let waited_ms = 0; ; waited_ms += POLL_MS) {
    const events = await deps.history.life(tenant, device_id);
    // Times never go back within a life: an event after the moment means that all before it are here.
    if (events.some((e) => e.at > at)) return deviceAt(events, at) ?? neverYet(device_id, at, events[0]?.at ?? at);
    if (waited_ms >= READ_YOUR_WRITES_MS)
      throw new ApiError('unavailable', 'the history is not projected that far yet: try again');
    await new Promise((r) => setTimeout(r, POLL_MS));
  }
}

function neverYet(deviceId: string, at: number, registered_at: number): never {
  const when = `it was registered at ${iso(registered_at)}`;
  throw new ApiError('not-found', `there was no device ${deviceId} at ${iso(at)}: ${when}`);
}
