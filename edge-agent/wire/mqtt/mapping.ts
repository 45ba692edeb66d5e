/** What messages and commands look like, whether they come over a broker or from the devices themselves; defaults applied. */
import { type FieldValue } from '../../adapter';
import { type PointKind } from '../../core/compile/plan';
import { type MqttCommandSection, type MqttSubscriptionSection } from '../../core/profile/types-mqtt';
import { type PayloadFormat, type TimeUnit } from '../../core/profile/types-mqtt';
import { checkValue } from '../heard';
import { encodePayload, steps } from '../payload';
import { type Outgoing } from './outbound';
import { fill, type Names } from './topic';

export interface SubscriptionSettings {
  readonly topic: string;
  /** Of the topic's levels, where it is not a slash. */
  readonly separator?: string;
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

export function subscription(s: MqttSubscriptionSection): SubscriptionSettings {
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

export function commandOf(c: MqttCommandSection, names: Names): CommandSettings {
  const topic = fill(c.topic, names) ?? '';
  const { qos = 1, retain = false, payload = 'json', value = '' } = c;
  return { topic, qos, retain, payload, value };
}

/** The message that brings a value to a device. Throws AdapterError when the point cannot hold it. */
export function commandMessage(to: CommandSettings, kind: PointKind, value: FieldValue, name: string): Outgoing {
  checkValue(kind, value, name);
  const payload = encodePayload(to.payload, steps(to.value), value);
  return { topic: to.topic, payload, qos: to.qos, retain: to.retain };
}
