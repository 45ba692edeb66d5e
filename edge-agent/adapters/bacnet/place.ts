/**
 * How devices are named that are asked. Pure.
 *   address:port                on the own network, BACnet/IP
 *   mac:<number>                on the own line, MS/TP (mstp/mac.ts)
 *   net:<network>:<octets>      on another network, behind a router; its octets there in hexadecimal
 */
import { isIPv4 } from 'node:net';
import { macOf } from './mstp/mac';

/** A device on a network that a router leads to. */
export interface Remote {
  /** 1 to 65534 */
  readonly network: number;
  /** One octet on MS/TP, address and port on BACnet/IP. */
  readonly octets: Buffer;
}

/** What a profile says of where a device is. */
export interface Place {
  readonly address?: string;
  readonly mac?: number;
  readonly network?: number;
}

/** Octets that an address may have; there are networks with seven. */
export const MAX_OCTETS = 7;
export const MAX_NETWORK = 65_534;
const IP_OCTETS = 6;

export const remoteAddress = ({ network, octets }: Remote): string => `net:${network}:${octets.toString('hex')}`;

/** Undefined: it is on the own network. */
export function remoteOf(address: string): Remote | undefined {
  const [, network, hex = ''] = /^net:(\d{1,5}):((?:[a-f0-9]{2}){1,7})$/.exec(address) ?? [];
  const number = Number(network);
  if (network === undefined || number < 1 || number > MAX_NETWORK) return undefined;
  return { network: number, octets: Buffer.from(hex, 'hex') };
}

/** Address and port as octets; undefined when it is none. */
export function ipOctets(address: string): Buffer | undefined {
  const [host = '', port] = address.split(':');
  const number = Number(port);
  if (!isIPv4(host) || !Number.isInteger(number) || number < 1 || number > 0xffff) return undefined;
  return Buffer.from([...host.split('.').map(Number), number >> 8, number & 0xff]);
}

/** `octets`: six. */
export function ipAddress(octets: Buffer): string {
  return `${octets.subarray(0, 4).join('.')}:${octets.readUInt16BE(4)}`;
}

/** What stands for it in a profile; nothing where only its instance can be said. */
export function placeOf(address: string): Place {
  const mac = macOf(address);
  if (mac !== undefined) return { mac };
  const remote = remoteOf(address);
  if (!remote) return { address };
  const { network, octets } = remote;
  if (octets.length === 1) return { network, mac: octets.readUInt8(0) };
  return octets.length === IP_OCTETS ? { network, address: ipAddress(octets) } : {};
}
