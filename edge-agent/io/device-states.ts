/** What the platform says of this agent's devices, remembered on disk. Devices it says nothing of are free to run. */
import { readFile } from 'node:fs/promises';
import { type DeviceState } from '../../schemas/generated';
import { deviceKey } from '../../schemas/topics';
import { replaceFile } from './replace-file';

/** Devices of one agent; more than any agent polls. */
export const MAX_DEVICES = 50_000;
const REFUSED: ReadonlySet<string> = new Set(['suspended', 'quarantined', 'decommissioning', 'decommissioned']);

type Known = Pick<DeviceState, 'tenant' | 'device_id' | 'state' | 'version'>;

export class DeviceStates {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly path: string,
    private readonly tenant: string,
    /** Devices that are neither polled nor written from now on. */
    private readonly onExcluded: (devices: ReadonlySet<string>) => void,
  ) {}

  /** Reads what was known when the agent stopped, and tells it at once. */
  async load(): Promise<void> {
    const text = await readFile(this.path, 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return '[]';
      throw e;
    });
    for (const state of JSON.parse(text) as Known[]) this.known.set(keyOf(state), state);
    this.onExcluded(this.excluded());
  }

  /** Durable when it resolves, and told before. An older version never replaces a newer one. */
  async learn(states: readonly DeviceState[], removedKeys: readonly string[]): Promise<void> {
    const before = [...this.excluded()].join('\n');
    let changed = false;
    for (const { tenant, device_id, state, version } of states) {
      if (tenant !== this.tenant) continue;
      const key = deviceKey(tenant, device_id);
      const known = this.known.get(key);
      if (known && known.version >= version) continue;
      if (!known && this.known.size >= MAX_DEVICES) throw new RangeError(`more than ${MAX_DEVICES} devices`);
      this.known.set(key, { tenant, device_id, state, version });
      changed = true;
    }
    for (const key of removedKeys) changed = this.known.delete(key) || changed;
    if (!changed) return;
    const excluded = this.excluded();
    if ([...excluded].join('\n') !== before) this.onExcluded(excluded);
    await this.save();
  }

  /** Why a device is refused, in words; undefined when it is not. */
  refused(device: string): string | undefined {
    const state = this.known.get(deviceKey(this.tenant, device))?.state;
    return state !== undefined && REFUSED.has(state) ? `the device is ${state}` : undefined;
  }

  /** Devices that are neither polled nor written. */
  excluded(): Set<string> {
    return new Set([...this.known.values()].filter((k) => REFUSED.has(k.state)).map((k) => k.device_id));
  }

  private save(): Promise<void> {
    return replaceFile(this.path, JSON.stringify([...this.known.values()]));
  }
}

const keyOf = (k: Known): string => deviceKey(k.tenant, k.device_id);
