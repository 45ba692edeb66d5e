/** Which devices are meant: what GET /devices, group commands and campaigns select by. */
import { type DeviceState } from '../../../schemas/generated';
import { isInScope, type Scope } from '../access';

export interface DeviceFilter {
  readonly state?: string;
  readonly model?: string;
  readonly agent?: string;
  /** Prefix by whole levels. */
  readonly path?: string;
  /** Gateway or larger device that they are behind. */
  readonly parent?: string;
  readonly labels?: readonly (readonly [string, string])[];
  /** Part of the id or the name, lower case. */
  readonly q?: string;
  /** Where whoever asks may look; absent: everywhere. */
  readonly scope?: Scope;
}

export function matches(d: DeviceState, f: DeviceFilter): boolean {
  return (
    (f.scope === undefined || isInScope(f.scope, d.path)) &&
    (f.state === undefined || d.state === f.state) &&
    (f.model === undefined || d.model === f.model) &&
    (f.agent === undefined || d.agent_id === f.agent) &&
    (f.parent === undefined || d.parent_id === f.parent) &&
    (f.path === undefined || d.path === f.path || d.path.startsWith(`${f.path.replace(/\/$/, '')}/`)) &&
    (f.q === undefined || d.device_id.toLowerCase().includes(f.q) || d.name.toLowerCase().includes(f.q)) &&
    (f.labels ?? []).every(([key, value]) => d.labels[key] === value)
  );
}
