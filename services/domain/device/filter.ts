/** Which devices are meant: what GET /devices, group commands and campaigns select by. */
import { type DeviceState } from '../../../schemas/generated';

export interface DeviceFilter {
  readonly state?: string;
  readonly model?: string;
  readonly agent?: string;
  /** Prefix by whole levels. */
  readonly path?: string;
  readonly labels?: readonly (readonly [string, string])[];
  /** Part of the id or the name, lower case. */
  readonly q?: string;
}

export function matches(d: DeviceState, f: DeviceFilter): boolean {
  return (
    (f.state === undefined || d.state === f.state) &&
    (f.model === undefined || d.model === f.model) &&
    (f.agent === undefined || d.agent_id === f.agent) &&
    (f.path === undefined || d.path === f.path || d.path.startsWith(`${f.path.replace(/\/$/, '')}/`)) &&
    (f.q === undefined || d.device_id.toLowerCase().includes(f.q) || d.name.toLowerCase().includes(f.q)) &&
    (f.labels ?? []).every(([key, value]) => d.labels[key] === value)
  );
}
