/** Which devices behind the server are heard of, told when it changes and now and then while it lasts. */
import { type LinkEvent, type Sample } from '../../adapter';
import { type ConnectionPlan } from '../../core/compile/plan';
import { type DeviceStatus } from '../../core/status';
import { type UaPoint } from './point';

/** A subscription says nothing while nothing changes: the session's own signs of life stand for the devices, at most this often, ms. */
const ALIVE_EVERY_MS = 5_000;

export class Devices {
  private up = new Set<string>();
  private errors = new Map<string, string>();
  private ids: readonly string[] = [];
  private told_at = 0;

  constructor(
    connection: ConnectionPlan,
    private readonly tell: (event: LinkEvent) => void,
  ) {
    this.adopt(connection, new Set());
  }

  adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.ids = connection.devices.map((d) => d.id);
    this.up = new Set(this.ids.filter((id) => this.up.has(id) && !changed.has(id)));
    this.errors = new Map([...this.errors].filter(([id]) => this.ids.includes(id)));
  }

  heard(samples: readonly Sample[], at: number): void {
    for (const { device, quality } of samples) {
      if (quality >= 64 || this.up.has(device)) continue;
      this.up.add(device);
      this.tell({ kind: 'link', device, state: 'connected', at });
    }
  }

  alive(at: number): void {
    if (at - this.told_at < ALIVE_EVERY_MS) return;
    this.told_at = at;
    for (const device of this.up) this.tell({ kind: 'link', device, state: 'connected', at });
  }

  down(at: number, reason: string): void {
    for (const device of [...this.up]) this.end(device, at, reason);
  }

  /** The session is lost, which is told as one event for all. */
  allDown(): void {
    this.up.clear();
  }

  exclude(devices: ReadonlySet<string>, at: number): void {
    for (const id of devices) this.end(id, at, 'excluded');
  }

  status(points: readonly UaPoint[]): DeviceStatus[] {
    const fastest = new Map<string, number>();
    for (const p of points) fastest.set(p.device, Math.min(fastest.get(p.device) ?? Infinity, p.scan_ms));
    return this.ids.map((id) => {
      // The server samples: how well it keeps to the time is not ours to see.
      const scan_ms = fastest.get(id) ?? 0;
      return {
        id,
        connected: this.up.has(id),
        last_error: this.errors.get(id) ?? '',
        scan_asked_ms: scan_ms,
        scan_achieved_ms: scan_ms,
        scans_missed: 0,
      };
    });
  }

  private end(device: string, at: number, reason: string): void {
    if (!this.up.delete(device)) return;
    this.errors.set(device, reason);
    this.tell({ kind: 'link', device, state: 'disconnected', at, reason });
  }
}
