/** Points to requests: as many objects at once as the device takes, read at the same time. Pure. */
import { type DevicePlan } from '../../core/compile/plan';
import { Property } from './objects';
import { type BacnetDeviceSettings, type BacnetSource } from './settings';

export interface PlanPoint {
  readonly metric: string;
  readonly scan_ms: number;
  readonly source: BacnetSource;
}

export interface PlannedRead {
  readonly scan_ms: number;
  readonly points: readonly PlanPoint[];
}

/** A point that notifies is read besides, seldom: to see that the device lives, and that the subscription tells all, ms. */
export const COV_POLL_MS = 10_000;

export function planReads({ points, settings }: Pick<DevicePlan, 'points' | 'settings'>): PlannedRead[] {
  const { max_objects } = settings as BacnetDeviceSettings;
  const groups = new Map<number, PlanPoint[]>();
  for (const { metric, scan_ms, source: given } of points) {
    const source = given as BacnetSource;
    const every = source.cov ? Math.max(scan_ms, COV_POLL_MS) : scan_ms;
    groups.set(every, [...(groups.get(every) ?? []), { metric, scan_ms, source }]);
  }
  return [...groups].flatMap(([scan_ms, group]) =>
    Array.from({ length: Math.ceil(group.length / max_objects) }, (_, i) => ({
      scan_ms,
      points: group.slice(i * max_objects, (i + 1) * max_objects),
    })),
  );
}

/** The whole of a property that is no array. */
export const WHOLE = 0xffffffff;

export interface PropertyRef {
  readonly id: number;
  readonly index: number;
}

/** What is read of a point: its value with its flags, or the slot of its priority. */
export function propertiesOf({ role, priority }: BacnetSource): PropertyRef[] {
  if (role === 'override') return [{ id: Property.priorityArray, index: priority }];
  return [
    { id: Property.presentValue, index: WHOLE },
    { id: Property.statusFlags, index: WHOLE },
  ];
}
