/** What the profile says of Sparkplug B, defaults applied. */
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type SparkplugConnectionSection } from '../../core/profile/types-sparkplug';
import { type BrokerSettings, brokerSettings } from '../../wire/mqtt/settings';

export interface SparkplugConnectionSettings {
  readonly broker: BrokerSettings;
  /** Undefined: the agent listens and does not say so. */
  readonly host_id: string | undefined;
  readonly groups: readonly string[];
}

export interface SparkplugDeviceSettings {
  readonly group: string;
  readonly node: string;
  /** Empty for the node itself. */
  readonly device: string;
}

export interface SparkplugSource {
  readonly name: string;
}

export function connectionSettings(c: ConnectionSection): SparkplugConnectionSettings {
  const section: SparkplugConnectionSection = c.sparkplug ?? { client_id: '' };
  // 5.6: a host begins every session anew; births tell it all there is.
  return {
    broker: { ...brokerSettings(c, section), session_expiry_s: 0 },
    host_id: section.host_id,
    groups: section.groups ?? ['+'],
  };
}

export function deviceSettings(device: ResolvedDevice): SparkplugDeviceSettings {
  const { group = '', node = '', device: name = '' } = device.section.sparkplug ?? {};
  return { group, node, device: name };
}

export const sourceOf = (point: PointSection): SparkplugSource => ({ name: point.sparkplug?.name ?? point.metric });
