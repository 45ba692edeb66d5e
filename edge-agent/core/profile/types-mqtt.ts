/** What a profile says of MQTT connections, devices and points. */

export interface TlsSection {
  /** Authorities that are trusted, PEM; those of the system when absent. */
  readonly ca_file?: string;
  /** Certificate and key of the agent, PEM. */
  readonly cert_file?: string;
  readonly key_file?: string;
  /** Name the certificate must carry, when it is not the host. */
  readonly server_name?: string;
}

/** How to reach an MQTT broker and who the agent is there. */
export interface BrokerSection {
  /** 3.1.1 is text, 5 a number in YAML. */
  readonly version?: '3.1.1' | 5;
  readonly client_id: string;
  readonly username?: string;
  readonly password?: string;
  readonly password_file?: string;
  readonly tls?: TlsSection;
  readonly keepalive_s?: number;
  /** How long the broker keeps what arrives while the agent is away; 0: not at all. */
  readonly session_expiry_s?: number;
  /** Messages taken and not yet acknowledged. */
  readonly receive_maximum?: number;
  readonly max_message_bytes?: number;
}

export type PayloadFormat = 'json' | 'cbor' | 'number' | 'text';
export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso';

export interface MqttSubscriptionSection {
  /** Levels may be + or #, or {name} for one level with a name. */
  readonly topic: string;
  /** Shared subscription: the broker deals the messages out among the agents of a group. */
  readonly group?: string;
  readonly qos?: 0 | 1 | 2;
  /** Address of the device, made of names in the topic; {device} when absent. */
  readonly device?: string;
  /** Name of the one metric a message carries; absent: a message is an object that carries several. */
  readonly metric?: string;
  readonly payload?: PayloadFormat;
  /** JSON pointer to the value, or to the object of values. */
  readonly value?: string;
  /** JSON pointer to the device's time. */
  readonly time?: string;
  readonly time_unit?: TimeUnit;
}

export interface MqttConnectionSection extends BrokerSection {
  readonly subscriptions: readonly MqttSubscriptionSection[];
}

export interface MqttDeviceSection {
  /** What stands for the device in topics; its id when absent. */
  readonly address?: string;
  /** After this long without a message the device is lost, ms; 0: never. */
  readonly silence_ms?: number;
}

export interface MqttCommandSection {
  /** With {address}, {device}, {metric} and the labels of the device. */
  readonly topic: string;
  readonly qos?: 0 | 1;
  readonly retain?: boolean;
  readonly payload?: 'json' | 'cbor' | 'text';
  /** JSON pointer at which the value is put; absent: the payload is the value. */
  readonly value?: string;
}

export interface MqttPointSection {
  /** What stands for the metric in topics; the metric when absent. */
  readonly name?: string;
  /** JSON pointer to the value, from where the subscription's points; /metric when absent. */
  readonly value?: string;
  readonly command?: MqttCommandSection;
}
