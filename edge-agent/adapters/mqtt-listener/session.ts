/**
 * The session of one device: what it was told and asked for, over however many connections. Pure: packets in, packets out.
 * Messages are acknowledged by Inbound when they are durable, and known again over the next connection; commands are sent once.
 */
import { type IConnackPacket, type IConnectPacket, type ISubscribePacket, type Packet } from 'mqtt-packet';
import { type IUnsubscribePacket } from 'mqtt-packet';
import { Inbound } from '../../wire/mqtt/inbound';
import { compileTopic, templateFault, type TopicTemplate } from '../../wire/mqtt/topic';

interface Subscribed {
  readonly topic: TopicTemplate;
  readonly qos: 0 | 1;
}

/** Filters of one device. */
export const MAX_SUBSCRIPTIONS = 32;
const MAX_FILTER_CHARS = 1_024;

export class Session {
  readonly inbound: Inbound;
  private readonly subscriptions = new Map<string, Subscribed>();

  constructor(
    readonly client_id: string,
    /** Outlives its connection. */
    readonly keep: boolean,
    receive_maximum: number,
    send: (packet: Packet) => void,
  ) {
    this.inbound = new Inbound(receive_maximum, send);
  }

  /** Granted QoS of each filter, or a refusal; only what is said to the device itself can ever match. */
  subscribe({ messageId, subscriptions }: ISubscribePacket, version: number): Packet {
    const granted = subscriptions.map(({ topic: filter, qos }) => {
      const full = this.subscriptions.size >= MAX_SUBSCRIPTIONS && !this.subscriptions.has(filter);
      if (full || !isFilter(filter)) return version === 5 && !full ? REFUSED_FILTER : REFUSED;
      const most = qos > 0 ? 1 : 0;
      this.subscriptions.set(filter, { topic: compileTopic(filter), qos: most });
      return most;
    });
    return { cmd: 'suback', granted, ...(messageId !== undefined && { messageId }) };
  }

  unsubscribe({ messageId, unsubscriptions }: IUnsubscribePacket, version: number): Packet {
    const granted = unsubscriptions.map((filter) => (this.subscriptions.delete(filter) ? 0 : NO_SUBSCRIPTION));
    return {
      cmd: 'unsuback',
      ...(messageId !== undefined && { messageId }),
      ...(version === 5 && { granted }),
    } as Packet;
  }

  /** QoS at which the device takes a topic; undefined: it has not subscribed to it. */
  takes(topic: string): 0 | 1 | undefined {
    const matching = [...this.subscriptions.values()].filter((s) => s.topic.match(topic) !== undefined);
    if (matching.length === 0) return undefined;
    return matching.some((s) => s.qos === 1) ? 1 : 0;
  }
}

/** Does the device ask for a session that outlives its connection? */
export const isKept = ({ protocolVersion, clean, properties }: IConnectPacket): boolean =>
  protocolVersion === 5 ? (properties?.sessionExpiryInterval ?? 0) > 0 : clean !== true;

const REFUSED = 0x80;
/** MQTT 5 */
const REFUSED_FILTER = 0x8f;
const NO_SUBSCRIPTION = 0x11;

const isFilter = (filter: string): boolean =>
  filter !== '' &&
  filter.length <= MAX_FILTER_CHARS &&
  !/[{}]/.test(filter) &&
  !filter.startsWith('$share/') &&
  templateFault(filter) === undefined;

/** Why a CONNECT is refused: the code of 3.1.1, and the reason of 5. */
export const REFUSALS = {
  unauthorized: [5, 0x87],
  excluded: [5, 0x8a],
  'no-name': [2, 0x85],
  busy: [3, 0x97],
} as const;
export type ConnectRefusal = keyof typeof REFUSALS;

/** `present`: the session of before goes on. */
export function connack(
  { protocolVersion }: IConnectPacket,
  outcome: { readonly refused: ConnectRefusal } | { readonly present: boolean },
  limits: { readonly receive_maximum: number; readonly max_packet_bytes: number },
): IConnackPacket {
  const refused = 'refused' in outcome ? REFUSALS[outcome.refused] : ([0, 0] as const);
  const sessionPresent = 'present' in outcome && outcome.present;
  if (protocolVersion !== 5) return { cmd: 'connack', returnCode: refused[0], sessionPresent };
  const properties = {
    receiveMaximum: limits.receive_maximum,
    maximumPacketSize: limits.max_packet_bytes,
    retainAvailable: true,
    sharedSubscriptionAvailable: false,
    topicAliasMaximum: 0,
  };
  return { cmd: 'connack', reasonCode: refused[1], sessionPresent, properties };
}
