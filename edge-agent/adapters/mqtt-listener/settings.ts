/** What the profile says of devices that connect over MQTT, defaults applied. */
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { commandOf, type MqttSource, subscription, type SubscriptionSettings } from '../../wire/mqtt/mapping';
import { type Names } from '../../wire/mqtt/topic';
import { type DeskSettings, deskSettings, type PostingDevice, postingDevice } from '../../wire/posts/settings';

export interface ListenerSettings extends DeskSettings {
  readonly cert_file: string | undefined;
  readonly key_file: string | undefined;
  readonly max_clients: number;
  readonly receive_maximum: number;
  readonly subscriptions: readonly SubscriptionSettings[];
}

export interface ListenerSource extends MqttSource {
  /** The device says on <topic>/answer what became of a command. */
  readonly answer: boolean;
}

export function connectionSettings(c: ConnectionSection): ListenerSettings {
  const section = c.mqtt_listener ?? {};
  const { cert_file, key_file, max_clients = 1_000, receive_maximum = 100, topics = [] } = section;
  const subscriptions = topics.map((topic) => subscription(topic));
  const desk = deskSettings(c, section, cert_file === undefined ? 1_883 : 8_883);
  return { ...desk, cert_file, key_file, max_clients, receive_maximum, subscriptions };
}

export const deviceSettings = ({ section }: ResolvedDevice): PostingDevice =>
  postingDevice(section.id, section.mqtt_listener);

/** What a command topic may name. */
export function commandNames(point: PointSection, { section }: ResolvedDevice): Names {
  const { labels, id, mqtt_listener } = section;
  const metric = point.mqtt_listener?.name ?? point.metric;
  return { ...labels, device: id, address: mqtt_listener?.address ?? id, metric };
}

export const COMMAND_TOPIC = 'v1/devices/{address}/commands/{metric}';

export function sourceOf(point: PointSection, device: ResolvedDevice): ListenerSource {
  const { name = point.metric, value, command } = point.mqtt_listener ?? {};
  const { answer = false, topic = COMMAND_TOPIC } = command ?? {};
  const to = point.writable === true ? commandOf({ ...command, topic }, commandNames(point, device)) : undefined;
  return { kind: kindOfType(point.type), name, value, command: to, answer };
}
