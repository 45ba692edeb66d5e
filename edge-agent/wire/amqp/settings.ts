/** What the profile says of AMQP, 1.0 or 0-9-1, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type AmqpCommandSection, type AmqpSourceSection } from '../../core/profile/types-amqp';
import { type TlsSection } from '../../core/profile/types-mqtt';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import { subscription, type SubscriptionSettings } from '../mqtt/mapping';
import { fill, type Names } from '../mqtt/topic';

export interface AmqpSource {
  readonly address: string;
  readonly name_in: 'subject' | 'to';
  readonly bind: AmqpSourceSection['bind'];
  /** The first whose topic fits; wildcards as in MQTT. */
  readonly subscriptions: readonly SubscriptionSettings[];
}

export interface AmqpSettings {
  readonly host: string;
  readonly port: number;
  readonly container_id: string;
  readonly vhost: string | undefined;
  readonly sasl: 'plain' | 'external' | 'anonymous';
  readonly username: string;
  readonly password: string;
  readonly password_file: string | undefined;
  readonly tls: TlsSection | undefined;
  readonly heartbeat_s: number;
  /** Of each source. */
  readonly credit: number;
  readonly max_message_bytes: number;
  readonly connect_timeout_ms: number;
  readonly backoff: Required<BackoffSection>;
  readonly sources: readonly AmqpSource[];
}

export interface AmqpDeviceSettings {
  readonly address: string;
  readonly silence_ms: number;
}

export interface AmqpCommand {
  /** Names filled in. */
  readonly address: string;
  readonly exchange: string;
  readonly subject: string | undefined;
  readonly payload: 'json' | 'cbor' | 'text';
  readonly value: string;
}

export interface AmqpPointSource {
  readonly kind: PointKind;
  readonly name: string;
  /** Absent: the metric's name in an object, the whole where a message carries one metric. */
  readonly value: string | undefined;
  readonly command: AmqpCommand | undefined;
}

/** Messages of a source that may be under way unless the profile says otherwise. */
const CREDIT = 1_000;
export const ANY_NAME = '{device}';

/** What parts the levels of a name: a slash where the template has one, otherwise a dot; neither: the name is one level. */
export const separatorOf = (template: string): string =>
  template.includes('/') ? '/' : template.includes('.') ? '.' : '\0';

/** With the wildcards of MQTT instead of those of AMQP. */
export function asTopic(template: string): string {
  const separator = separatorOf(template);
  return template
    .split(separator)
    .map((level) => (level === '*' ? '+' : level))
    .join(separator);
}

export function amqpSettings(c: ConnectionSection): AmqpSettings {
  const { sources, ...a } = c.amqp ?? { sources: [] };
  return {
    host: c.host ?? '',
    port: c.port ?? (a.tls ? 5_671 : 5_672),
    container_id: a.container_id ?? `millrace-${c.name}`,
    vhost: a.vhost,
    sasl: a.sasl ?? (a.username === undefined ? 'anonymous' : 'plain'),
    username: a.username ?? '',
    password: a.password ?? '',
    password_file: a.password_file,
    tls: a.tls,
    heartbeat_s: a.heartbeat_s ?? 30,
    credit: a.credit ?? CREDIT,
    max_message_bytes: a.max_message_bytes ?? 262_144,
    connect_timeout_ms: c.connect_timeout_ms ?? 5_000,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
    sources: sourcesOf(sources),
  };
}

/** What the profile says of one address several times is one link, or one consumer. */
function sourcesOf(sections: readonly AmqpSourceSection[]): AmqpSource[] {
  const addresses = [...new Set(sections.map(({ address }) => address))];
  return addresses.map((address) => {
    const all = sections.filter((s) => s.address === address);
    const { name_in = 'subject', bind } = all[0] ?? {};
    return { address, name_in, bind, subscriptions: all.map(meaningOf) };
  });
}

function meaningOf({ topic = ANY_NAME, ...section }: AmqpSourceSection): SubscriptionSettings {
  return { ...subscription({ ...section, topic: asTopic(topic) }), separator: separatorOf(topic) };
}

export const addressOf = ({ settings, section }: ResolvedDevice): string => settings.amqp?.address ?? section.id;

export function deviceSettings(device: ResolvedDevice): AmqpDeviceSettings {
  return { address: addressOf(device), silence_ms: device.settings.amqp?.silence_ms ?? 0 };
}

/** What the address of a command may name. */
export function commandNames(point: PointSection, device: ResolvedDevice): Names {
  const { labels, id } = device.section;
  return { ...labels, device: id, address: addressOf(device), metric: point.amqp?.name ?? point.metric };
}

export function pointSource(point: PointSection, device: ResolvedDevice): AmqpPointSource {
  const { name = point.metric, value, command } = point.amqp ?? {};
  const to = command && commandOf(command, commandNames(point, device));
  return { kind: kindOfType(point.type), name, value, command: to };
}

function commandOf(c: AmqpCommandSection, names: Names): AmqpCommand {
  const { exchange = '', payload = 'json', value = '' } = c;
  const subject = c.subject === undefined ? undefined : (fill(c.subject, names) ?? '');
  return { address: fill(c.address, names) ?? '', exchange, subject, payload, value };
}
