/**
 * Events of a server as readings: which are asked for, and what each says to which point. A condition's two-state fields
 * (ActiveState/Id) are states, which are unknown while the server is away and told again by a refresh. No I/O, no timers.
 */
import { type Sample } from '../../adapter';
import { Quality } from '../../../schemas/quality';
import { fieldValue, type UaValue } from './codec';
import { type EventRequest } from './link';
import { remember, timeOf, type UaPoint } from './point';
import { type EventSource, type FieldPath, type NodeName, UA_NAMESPACE } from './settings';

/** Points of one device that want the same events of one node: one item of the subscription. */
export interface EventWatch {
  /** Our name for it towards the server. */
  readonly handle: number;
  readonly node: NodeName;
  readonly type?: NodeName;
  readonly min_severity?: number;
  readonly queue_size: number;
  readonly points: readonly UaPoint[];
  /** Events told, oldest first: a refresh and a republished notification bring them again. */
  readonly told: Set<string>;
}

/** Events of one watch remembered as told. */
export const MAX_TOLD = 1_000;

const standard = (name: string): FieldPath => ({ namespace: UA_NAMESPACE, names: [name] });
/** What is asked of every event before the fields of the points. */
const HEAD = ['EventId', 'EventType', 'Time', 'Severity', 'SourceName', 'ConditionName', 'BranchId'].map(standard);
const REFRESH_END = /(^|;)i=2788$/;
/** What a state is of a condition that a refresh does not speak of: nothing of it is left to be known. */
const SETTLED: ReadonlyMap<string, boolean> = new Map([
  ['ActiveState/Id', false],
  ['AckedState/Id', true],
  ['ConfirmedState/Id', true],
]);

const nameOf = ({ field }: EventSource): string => field.names.join('/');

/** It is so until another event says otherwise; any other field only says what happened. */
export const isState = ({ source: { event } }: UaPoint): boolean => event !== undefined && SETTLED.has(nameOf(event));

/** Handles come from `next`; a watch whose points are all the same ones is kept. */
export function watchesOf(
  points: readonly UaPoint[],
  before: readonly EventWatch[],
  next: () => number,
): readonly EventWatch[] {
  const groups = new Map<string, UaPoint[]>();
  for (const point of points) {
    const { node, event, queue_size } = point.source;
    if (!event) continue;
    const key = JSON.stringify([point.device, node, event.type, event.min_severity, queue_size]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((group) => before.find((w) => isSame(w.points, group)) ?? watch(group, next()));
}

function isSame(a: readonly UaPoint[], b: readonly UaPoint[]): boolean {
  return a.length === b.length && a.every((point, i) => point === b[i]);
}

function watch(points: readonly UaPoint[], handle: number): EventWatch {
  const { node, event, queue_size } = (points[0] as UaPoint).source;
  const { type, min_severity } = event ?? {};
  const filter = { ...(type && { type }), ...(min_severity !== undefined && { min_severity }) };
  return { handle, node, queue_size, points, told: new Set(), ...filter };
}

/** `type`: with the index its namespace has on this server. */
export function eventRequest({ points, min_severity }: EventWatch, type: string | undefined): EventRequest {
  return {
    fields: [...HEAD, ...points.flatMap(({ source: { event } }) => event?.field ?? [])],
    ...(type !== undefined && { type }),
    ...(min_severity !== undefined && { min_severity }),
  };
}

/** What an event says to the points of the watch. `fields` are in the order of the request. */
export function eventSamples(watch: EventWatch, fields: readonly UaValue[], now: number): Sample[] {
  const [id, type, time, severity, source, condition, branch] = fields.map(({ value }) => value);
  if (REFRESH_END.test(String(type))) return settled(watch, now);
  const at = timeOf(time instanceof Date ? { source_at: time.getTime() } : {}, now);
  const isAgain = wasTold(watch, id);
  return watch.points.flatMap((point, i): Sample[] => {
    const value = fields[HEAD.length + i];
    const { event } = point.source;
    // An event without the field, such as one that is no condition, has nothing to say to the point.
    if (!value || value.type === 0 || !event) return [];
    if (typeof severity === 'number' && severity < (event.min_severity ?? 0)) return [];
    if ((event.source ?? source) !== source || (event.condition ?? condition) !== condition) return [];
    // A branch is an earlier state that is still to be acknowledged, not the one the condition is in.
    if (isState(point) && isBranch(branch)) return [];
    const isRestored = isState(point) && point.spoiled_at !== undefined;
    if (isAgain && !isRestored) return [];
    return [sampleOf(point, value, isRestored ? Math.max(at, now) : at)];
  });
}

/** A node that is not the null one; `branch` is its text. */
const isBranch = (branch: unknown): boolean => typeof branch === 'string' && !/(^|;)i=0$/.test(branch);

function wasTold({ told }: EventWatch, id: unknown): boolean {
  if (!Buffer.isBuffer(id)) return false;
  const name = id.toString('hex');
  if (told.has(name)) return true;
  told.add(name);
  for (const oldest of told) if (told.size > MAX_TOLD) told.delete(oldest);
  return false;
}

function sampleOf(point: UaPoint, value: UaValue, at: number): Sample {
  const { device, metric } = point;
  const read = fieldValue(value);
  remember(point, at, value);
  delete point.spoiled_at;
  return {
    device,
    metric,
    at,
    ...(read === undefined ? { quality: Quality.notConverted } : { value: read, quality: 0 }),
  };
}

/** All conditions that hold have been told: those that were not spoken of do not. */
function settled({ points }: EventWatch, now: number): Sample[] {
  return points.flatMap((point) => {
    const { event } = point.source;
    const value = event && SETTLED.get(nameOf(event));
    if (value === undefined || (point.last && point.spoiled_at === undefined)) return [];
    return [sampleOf(point, { type: 1, array: false, value, status: 0 }, now)];
  });
}
