/** What the profile says of MQTT, defaults applied. */
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type BrokerSettings, brokerSettings } from '../../wire/mqtt/settings';
import { commandOf, type MqttSource, subscription, type SubscriptionSettings } from '../../wire/mqtt/mapping';
import { type Names } from '../../wire/mqtt/topic';

export interface MqttConnectionSettings {
  readonly broker: BrokerSettings;
  readonly subscriptions: readonly SubscriptionSettings[];
}

export interface MqttDeviceSettings {
  readonly address: string;
  readonly silence_ms: number;
}

export function connectionSettings(c: ConnectionSection): MqttConnectionSettings {
  const section = c.mqtt ?? { client_id: '', subscriptions: [] };
  return { broker: brokerSettings(c, section), subscriptions: section.subscriptions.map(subscription) };
}

export const addressOf = (device: ResolvedDevice): string => device.settings.mqtt?.address ?? device.section.id;

export function deviceSettings(device: ResolvedDevice): MqttDeviceSettings {
  return { address: addressOf(device), silence_ms: device.settings.mqtt?.silence_ms ?? 0 };
}

/** What a command topic may name. */
export function commandNames(point: PointSection, device: ResolvedDevice): Names {
  const { labels, id } = device.section;
  return { ...labels, device: id, address: addressOf(device), metric: point.mqtt?.name ?? point.metric };
}

export function sourceOf(point: PointSection, device: ResolvedDevice): MqttSource {
  const { name = point.metric, value, command } = point.mqtt ?? {};
  return {
    kind: kindOfType(point.type),
    name,
    value,
    command: command && commandOf(command, commandNames(point, device)),
  };
}
