/** What the items of a subscription are asked for with. Pure. */
import { eventRequest, type EventWatch } from './events';
import { type MonitorRequest } from './link';
import { type UaPoint } from './point';
import { nodeIdOf } from './settings';

/** One item of the subscription: a variable, or the events of a node for one or more points. */
export interface Watched {
  readonly handle: number;
  readonly points: readonly UaPoint[];
  /** Undefined: the server does not have the namespace. */
  request(namespaces: readonly string[]): MonitorRequest | undefined;
}

export const ofValue = (point: UaPoint): Watched => ({
  handle: point.handle,
  points: [point],
  request: (namespaces) => valueRequest(point, namespaces),
});

export const ofEvents = (watch: EventWatch): Watched => ({
  handle: watch.handle,
  points: watch.points,
  request: (namespaces) => watchRequest(watch, namespaces),
});

/** One that is being asked for. */
export interface Asked {
  readonly item: Watched;
  readonly request: MonitorRequest;
}

function valueRequest({ source, handle, scan_ms }: UaPoint, namespaces: readonly string[]): MonitorRequest | undefined {
  const { node, queue_size, deadband } = source;
  const id = nodeIdOf(node, namespaces);
  return id === undefined
    ? undefined
    : { node: id, handle, sampling_ms: scan_ms, queue_size, ...(deadband && { deadband }) };
}

function watchRequest(watch: EventWatch, namespaces: readonly string[]): MonitorRequest | undefined {
  const { node, type, handle, queue_size } = watch;
  const id = nodeIdOf(node, namespaces);
  const kind = type && nodeIdOf(type, namespaces);
  if (id === undefined || (type && kind === undefined)) return undefined;
  return { node: id, handle, sampling_ms: 0, queue_size, event: eventRequest(watch, kind) };
}

/** A server that does not know the filter sends more: deadband and severity are judged here as well. A type is not. */
export function unfiltered({ deadband, event, ...rest }: MonitorRequest): MonitorRequest | undefined {
  if (deadband) return rest;
  if (event?.min_severity === undefined || event.type !== undefined) return undefined;
  return { ...rest, event: { fields: event.fields } };
}
