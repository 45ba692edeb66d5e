/** The packets with which a client begins, and what the broker's answers mean. Pure. */
import { type IConnackPacket, type IConnectPacket, type ISubackPacket, type Packet } from 'mqtt-packet';
import { type BrokerSettings } from './settings';

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

/** Room for topic and properties beside the payload, bytes. */
const OVERHEAD_BYTES = 66_000;

export const maxPacketBytes = ({ max_message_bytes }: BrokerSettings): number => max_message_bytes + OVERHEAD_BYTES;

export function connectPacket(s: BrokerSettings, password: string | undefined, will: Will | undefined): IConnectPacket {
  const { username } = s;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: s.version,
    clientId: s.client_id,
    clean: s.session_expiry_s === 0,
    keepalive: s.keepalive_s,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    ...(will && { will }),
    ...(s.version === 5 && {
      properties: {
        sessionExpiryInterval: s.session_expiry_s,
        receiveMaximum: s.receive_maximum,
        maximumPacketSize: maxPacketBytes(s),
      },
    }),
  };
}

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it does not speak this version of MQTT',
  2: 'it does not take the client_id',
  3: 'it is not available',
  4: 'wrong username or password',
  5: 'not authorised',
  132: 'it does not speak this version of MQTT: try version: 3.1.1',
  133: 'it does not take the client_id',
  134: 'wrong username or password',
  135: 'not authorised',
  136: 'it is not available',
  137: 'it is busy',
  138: 'banned',
};

/** Undefined when the broker takes the client. */
export function refusalOf({ returnCode, reasonCode, properties }: IConnackPacket): string | undefined {
  const code = reasonCode ?? returnCode ?? 0;
  if (code === 0) return undefined;
  return properties?.reasonString ?? REFUSALS[code] ?? `code ${code}`;
}

/** The first subscription that was refused; undefined when none was. */
export function refusedFilter(packet: ISubackPacket, asked: readonly Subscription[]): string | undefined {
  const at = packet.granted.findIndex((code) => typeof code === 'number' && code >= 0x80);
  return at < 0 ? undefined : asked[at]?.filter;
}

/** MQTT 5 keeps retained messages back that were sent for this subscription before. */
const RETAINED_IF_NEW = 1;

export function subscribePacket(messageId: number, asked: readonly Subscription[]): Packet {
  return {
    cmd: 'subscribe',
    messageId,
    subscriptions: asked.map(({ filter, qos }) => ({
      topic: filter,
      qos,
      nl: false,
      rap: true,
      rh: filter.startsWith('$share/') ? 0 : RETAINED_IF_NEW,
    })),
  };
}
