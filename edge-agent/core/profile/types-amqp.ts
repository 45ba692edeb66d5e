/** What a profile says of AMQP connections, devices and points; 1.0 and 0-9-1 alike unless said otherwise. */
import { type MqttSubscriptionSection, type TlsSection } from './types-mqtt';

/** Where messages are taken from, and what they mean. */
export interface AmqpSourceSection extends Omit<MqttSubscriptionSection, 'topic' | 'group' | 'qos'> {
  /** The queue or topic, as the broker names it. */
  readonly address: string;
  /** 1.0: the property in which a message carries its name. 0-9-1: always the routing key. */
  readonly name_in?: 'subject' | 'to';
  /** What names of messages look like: levels parted by / or by dots; * or +, # at the end, {name}. {device} when absent. */
  readonly topic?: string;
  /** 0-9-1: the queue is made, durable, and bound so; absent: it is there already. */
  readonly bind?: { readonly exchange: string; readonly keys: readonly string[] };
}

export interface AmqpConnectionSection {
  /** 1.0: name of the agent at the broker; always the same. */
  readonly container_id?: string;
  readonly vhost?: string;
  /** external: by the certificate of tls. plain when a username is given, otherwise anonymous. */
  readonly sasl?: 'plain' | 'external' | 'anonymous';
  readonly username?: string;
  readonly password?: string;
  readonly password_file?: string;
  readonly tls?: TlsSection;
  readonly heartbeat_s?: number;
  /** Messages of each source taken and not yet settled. */
  readonly credit?: number;
  readonly max_message_bytes?: number;
  readonly sources: readonly AmqpSourceSection[];
}

export interface AmqpDeviceSection {
  /** What stands for the device in names of messages; its id when absent. */
  readonly address?: string;
  /** After this long without a message the device is lost, ms; 0: never. */
  readonly silence_ms?: number;
}

export interface AmqpCommandSection {
  /** 1.0: the target; 0-9-1: the routing key. With {address}, {device}, {metric} and the labels of the device. */
  readonly address: string;
  /** 0-9-1; the default exchange when absent, where the routing key is the name of a queue. */
  readonly exchange?: string;
  /** 1.0: subject of the message, with the same names. */
  readonly subject?: string;
  readonly payload?: 'json' | 'cbor' | 'text';
  /** JSON pointer at which the value is put; absent: the payload is the value. */
  readonly value?: string;
}

export interface AmqpPointSection {
  /** What stands for the metric in names of messages; the metric when absent. */
  readonly name?: string;
  /** JSON pointer to the value, from where the source's points; /metric when absent. */
  readonly value?: string;
  readonly command?: AmqpCommandSection;
}
