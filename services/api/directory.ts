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

export class Directory {
  private readonly tenants = new Map<string, Tenant>();

  /** Takes a state unless a newer version is known: the reply and the topic both bring it, in any order. */
  apply(device: DeviceState): boolean {
    const tenant = this.tenant(device.tenant);
    const known = tenant.devices.get(device.device_id);
    if (known && known.version >= device.version) return false;
    tenant.set(device);
    return true;
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
