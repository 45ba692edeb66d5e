/** Devices and their presence as the compacted topics give them, in memory: lists, filters and cursors. */
import { type DeviceState, type Presence } from '../../schemas/generated';
import { type DeviceFilter, matches } from '../domain/device';

export { type DeviceFilter, matches };

export interface Entry {
  readonly device: DeviceState;
  readonly presence?: Presence;
}

class Tenant {
  readonly devices = new Map<string, DeviceState>();
  readonly presences = new Map<string, Presence>();
  private sorted: string[] | undefined;

  set(device: DeviceState): void {
    if (!this.devices.has(device.device_id)) this.sorted = undefined;
    this.devices.set(device.device_id, device);
  }

  ids(): readonly string[] {
    return (this.sorted ??= [...this.devices.keys()].sort());
  }
}

/** A device as somebody was told it is. */
export interface Version {
  readonly device_id?: string;
  /** None: there is nothing to know. */
  readonly version?: number;
}

export class Directory {
  /** Those who wait for devices: told of each that comes. */
  private readonly waiting = new Set<(device_id: string) => void>();
  private readonly tenants = new Map<string, Tenant>();

  /** Takes a state unless a newer version is known: the reply and the topic both bring it, in any order. */
  apply(device: DeviceState): boolean {
    const tenant = this.tenant(device.tenant);
    const known = tenant.devices.get(device.device_id);
    if (known && known.version >= device.version) return false;
    tenant.set(device);
    for (const told of this.waiting) told(device.device_id);
    return true;
  }

  /** Resolves when all of these devices are known at these versions or later ones, at the latest after `patience_ms`. */
  async knows(tenant: string, wanted: readonly Version[], patience_ms: number): Promise<void> {
    const missing = wanted.filter((one) => !this.isKnown(tenant, one));
    if (missing.length === 0) return;
    let arrived: (device_id: string) => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience_ms);
      arrived = (device_id) => {
        // Mostly in order, so that the last one is what is waited for.
        if (device_id !== missing.at(-1)?.device_id) return;
        for (let one = missing.at(-1); one && this.isKnown(tenant, one); one = missing.at(-1)) missing.pop();
        if (missing.length === 0) resolve();
      };
      this.waiting.add(arrived);
    });
    clearTimeout(timer);
    this.waiting.delete(arrived);
  }

  private isKnown(tenant: string, { device_id, version = 0 }: Version): boolean {
    if (device_id === undefined || version === 0) return true;
    return (this.tenants.get(tenant)?.devices.get(device_id)?.version ?? 0) >= version;
  }

  applyPresence(presence: Presence): void {
    this.tenant(presence.tenant).presences.set(presence.device_id, presence);
  }

  get(tenant: string, deviceId: string): Entry | undefined {
    const t = this.tenants.get(tenant);
    const device = t?.devices.get(deviceId);
    return t && device && entry(t, device);
  }

  /** Entries with ids after `after`, in order, at most `limit`; `next` is the id to go on after. */
  list(tenant: string, filter: DeviceFilter, after: string, limit: number): { items: Entry[]; next?: string } {
    const t = this.tenants.get(tenant);
    const items: Entry[] = [];
    if (!t) return { items };
    const ids = t.ids();
    for (let i = firstAfter(ids, after); i < ids.length; i++) {
      const device = t.devices.get(ids[i] as string);
      if (!device || !matches(device, filter)) continue;
      if (items.length === limit) return { items, next: items.at(-1)?.device.device_id ?? '' };
      items.push(entry(t, device));
    }
    return { items };
  }

  count(): number {
    let n = 0;
    for (const t of this.tenants.values()) n += t.devices.size;
    return n;
  }

  private tenant(name: string): Tenant {
    let tenant = this.tenants.get(name);
    if (!tenant) this.tenants.set(name, (tenant = new Tenant()));
    return tenant;
  }
}

function entry(tenant: Tenant, device: DeviceState): Entry {
  const presence = tenant.presences.get(device.device_id);
  return presence ? { device, presence } : { device };
}

/** Index of the first id greater than `after`. */
export function firstAfter(sorted: readonly string[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
