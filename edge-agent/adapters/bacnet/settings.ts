/** What the profile says of a BACnet network, device and point, defaults applied. */
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type MstpSettings } from './mstp/line';
import { macAddress } from './mstp/mac';
import { ipOctets, remoteAddress } from './place';
import { objectId, type ObjectId } from './objects';

export interface BacnetSettings {
  /** Own UDP address; empty for every interface. */
  readonly bind: string;
  readonly port: number;
  readonly broadcast: string;
  /** Absent: the devices are on the own network. */
  readonly bbmd?: { readonly address: string; readonly ttl_s: number };
  /** What leads to other networks, where it is not to be found by itself; addresses as those of devices. */
  readonly routers: readonly { readonly network: number; readonly address: string }[];
  /** Absent: BACnet/IP. */
  readonly mstp?: MstpSettings;
  readonly timeout_ms: number;
  readonly backoff: Required<BackoffSection>;
}

export interface BacnetDeviceSettings {
  /** As place.ts has them; absent: found by its instance. */
  readonly address?: string;
  readonly instance?: number;
  readonly max_objects: number;
}

export interface BacnetSource {
  readonly object: ObjectId;
  /** override: whether something is commanded at our priority; writing false gives it back. */
  readonly role: 'value' | 'override';
  readonly isBoolean: boolean;
  readonly priority: number;
  readonly cov: boolean;
}

export const DEFAULT_PORT = 47_808;
const DEFAULT_TIMEOUT_MS = 3_000;
const DEFAULT_MAX_OBJECTS = 20;
/** What a frame of 501 octets has room for, with some to spare; behind routers there is MS/TP as a rule. */
const MSTP_MAX_OBJECTS = 8;
const DEFAULT_BAUD_RATE = 38_400;
const MAX_MASTER = 127;
const DEFAULT_TTL_S = 300;
/** Manual operator by the standard: below life safety and interlocks, above programs. */
const DEFAULT_PRIORITY = 8;

export function connectionSettings(c: ConnectionSection): BacnetSettings {
  const { interface: bind = '', port, broadcast, bbmd, bbmd_ttl_s, routers = [] } = c.bacnet ?? {};
  const mstp = mstpSettings(c);
  return {
    bind,
    port: port ?? DEFAULT_PORT,
    broadcast: broadcast ?? '255.255.255.255',
    ...(bbmd !== undefined && { bbmd: { address: withPort(bbmd), ttl_s: bbmd_ttl_s ?? DEFAULT_TTL_S } }),
    routers: routers.map(({ network, address, mac }) => ({ network, address: ownAddress(address, mac) ?? '' })),
    ...(mstp && { mstp }),
    timeout_ms: c.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

function mstpSettings({ bacnet, serial }: ConnectionSection): MstpSettings | undefined {
  if (bacnet?.link !== 'mstp' || !serial || bacnet.station === undefined) return undefined;
  return {
    ...{ device: serial.device, baud_rate: serial.baud_rate ?? DEFAULT_BAUD_RATE, station: bacnet.station },
    ...{ max_master: bacnet.max_master ?? MAX_MASTER, max_info_frames: bacnet.max_info_frames ?? 1 },
  };
}

export function deviceSettings({ section }: ResolvedDevice, { bacnet }: ConnectionSection): BacnetDeviceSettings {
  const { network, address: given, mac, instance, max_objects } = section.bacnet ?? {};
  const address = network === undefined ? ownAddress(given, mac) : remote(network, given, mac);
  const isSmall = bacnet?.link === 'mstp' || network !== undefined;
  return {
    ...(address !== undefined && { address }),
    ...(instance !== undefined && { instance }),
    max_objects: max_objects ?? (isSmall ? MSTP_MAX_OBJECTS : DEFAULT_MAX_OBJECTS),
  };
}

const ownAddress = (address: string | undefined, mac: number | undefined): string | undefined =>
  address !== undefined ? withPort(address) : mac !== undefined ? macAddress(mac) : undefined;

/** Behind a router: a mac on MS/TP there, an address on BACnet/IP. */
function remote(network: number, address: string | undefined, mac: number | undefined): string | undefined {
  const octets = mac !== undefined ? Buffer.of(mac) : address !== undefined ? ipOctets(withPort(address)) : undefined;
  return octets && remoteAddress({ network, octets });
}

/** `point` has passed the rules. */
export function sourceOf(point: PointSection, device: ResolvedDevice): BacnetSource {
  const object = objectId(point.object ?? '');
  if (!object) throw new Error(`${point.metric}: ${point.object} is no object`);
  return {
    object,
    role: point.bacnet?.override ? 'override' : 'value',
    isBoolean: point.type === 'bool',
    priority: point.bacnet?.priority ?? device.section.bacnet?.priority ?? DEFAULT_PRIORITY,
    cov: point.bacnet?.cov ?? false,
  };
}

export const withPort = (address: string): string => (address.includes(':') ? address : `${address}:${DEFAULT_PORT}`);
