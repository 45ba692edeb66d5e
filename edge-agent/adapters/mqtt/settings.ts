/** What the profile says of MQTT, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import {
  type MqttCommandSection,
  type MqttSubscriptionSection,
  type PayloadFormat,
  type TimeUnit,
} from '../../core/profile/types-mqtt';
import { type BrokerSettings, brokerSettings } from '../../wire/mqtt/settings';
import { fill, type Names } from './topic';

export interface SubscriptionSettings {
  readonly topic: string;
  readonly group: string | undefined;
  readonly qos: 0 | 1 | 2;
  readonly device: string;
  /** Undefined: a message carries several metrics. */
  readonly metric: string | undefined;
  readonly payload: PayloadFormat;
  readonly value: string;
  readonly time: string | undefined;
  readonly time_unit: TimeUnit;
}

export interface MqttConnectionSettings {
  readonly broker: BrokerSettings;
  readonly subscriptions: readonly SubscriptionSettings[];
}

export interface MqttDeviceSettings {
  readonly address: string;
  readonly silence_ms: number;
}

export interface CommandSettings {
  /** With its names filled in. */
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly payload: 'json' | 'cbor' | 'text';
  readonly value: string;
}

export interface MqttSource {
  readonly kind: PointKind;
  readonly name: string;
  /** Absent: the metric's name in an object, the whole where a message carries one metric. */
  readonly value: string | undefined;
  readonly command: CommandSettings | undefined;
}

export function connectionSettings(c: ConnectionSection): MqttConnectionSettings {
  const section = c.mqtt ?? { client_id: '', subscriptions: [] };
  return { broker: brokerSettings(c, section), subscriptions: section.subscriptions.map(subscription) };
}

function subscription(s: MqttSubscriptionSection): SubscriptionSettings {
  return {
    topic: s.topic,
    group: s.group,
    qos: s.qos ?? 1,
    device: s.device ?? '{device}',
    metric: s.metric,
    payload: s.payload ?? 'json',
    value: s.value ?? '',
    time: s.time,
    time_unit: s.time_unit ?? 'ms',
  };
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

function commandOf(c: MqttCommandSection, names: Names): CommandSettings {
  const topic = fill(c.topic, names) ?? '';
  const { qos = 1, retain = false, payload = 'json', value = '' } = c;
  return { topic, qos, retain, payload, value };
}
