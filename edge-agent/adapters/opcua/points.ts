/** The points of one server. No I/O, no timers. */
import { isDeepStrictEqual } from 'node:util';
import { AdapterError } from '../../adapter';
import { type ConnectionPlan, type PointPlan } from '../../core/compile/plan';
import { type EventWatch, isState, watchesOf } from './events';
import { type UaPoint } from './point';
import { type OpcUaSource } from './settings';

export class PointTable {
  private points = new Map<string, UaPoint>();
  private byHandle = new Map<number, UaPoint>();
  private watches: readonly EventWatch[] = [];
  private handles = 0;

  constructor(connection: ConnectionPlan) {
    this.adopt(connection, new Set());
  }

  /** Takes over other points; those that stay keep what is known of them. */
  adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    const before = this.points;
    this.points = new Map();
    for (const device of connection.devices)
      for (const point of device.points) {
        const key = keyOf(device.id, point.metric);
        const old = changed.has(device.id) ? undefined : before.get(key);
        this.points.set(key, old && isSame(old, point) ? old : this.made(device.id, point));
      }
    const all = [...this.points.values()];
    this.byHandle = new Map(all.map((p) => [p.handle, p]));
    this.watches = watchesOf(all, this.watches, () => ++this.handles);
  }

  /** Points that are variables of the server. */
  all(excluded: ReadonlySet<string>): UaPoint[] {
    return this.here(excluded).filter(({ source }) => !source.event && !source.method_of);
  }

  /** Points that are so until told otherwise, and unknown while the server is away. */
  states(excluded: ReadonlySet<string>): UaPoint[] {
    return [...this.all(excluded), ...this.here(excluded).filter(isState)];
  }

  events(excluded: ReadonlySet<string>): EventWatch[] {
    return this.watches.filter(({ points: [point] }) => point && !excluded.has(point.device));
  }

  get(handle: number): UaPoint | undefined {
    return this.byHandle.get(handle);
  }

  watch(handle: number): EventWatch | undefined {
    return this.watches.find((w) => w.handle === handle);
  }

  private here(excluded: ReadonlySet<string>): UaPoint[] {
    return [...this.points.values()].filter((p) => !excluded.has(p.device));
  }

  /** Throws AdapterError `unknown-point`. */
  find(operation: string, device: string, metric: string): UaPoint {
    const point = this.points.get(keyOf(device, metric));
    if (point) return point;
    const hint = 'is it in the profile of this connection?';
    throw new AdapterError('unknown-point', operation, `${device}/${metric}`, hint);
  }

  private made(device: string, { metric, scan_ms, writable, source }: PointPlan): UaPoint {
    return { handle: ++this.handles, device, metric, scan_ms, writable, source: source as OpcUaSource };
  }
}

const keyOf = (device: string, metric: string): string => `${device}/${metric}`;

function isSame(old: UaPoint, { scan_ms, writable, source }: PointPlan): boolean {
  return old.scan_ms === scan_ms && old.writable === writable && isDeepStrictEqual(old.source, source);
}
