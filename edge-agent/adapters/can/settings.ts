/** What the profile says of a CAN bus, device and point, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type CanSignalSection, type SelectorSection, type SignalFormat } from '../../core/profile/types-can';
import { EXACT_BITS, type Layout, layoutOf } from './codec';
import { MAX_STANDARD_ID } from './frame';

export type LinkSettings =
  | {
      readonly kind: 'udp';
      readonly host: string;
      readonly port: number;
      readonly listen: string;
      readonly listen_port: number;
    }
  | {
      readonly kind: 'slcan';
      readonly device: string;
      readonly baud_rate: number;
      readonly bitrate: number;
      readonly answers: boolean;
    }
  | { readonly kind: 'candump'; readonly file: string; readonly speed: number; readonly loop: boolean };

export interface CanSettings {
  readonly link: LinkSettings;
  /** Own address with J1939. */
  readonly address: number;
  readonly timeout_ms: number;
  readonly backoff: Required<BackoffSection>;
}

export interface CanDeviceSettings {
  /** J1939 address; absent: of frames with an id only. */
  readonly source?: number;
  readonly silence_ms: number;
}

export interface Selector {
  readonly layout: Layout;
  readonly values: SelectorSection['values'];
}

/** Which frames: by id, or by parameter group. */
export type Address = { readonly id: number; readonly extended: boolean } | { readonly pgn: number };

export interface Signal {
  readonly address: Address;
  readonly layout: Layout;
  readonly format: SignalFormat;
  readonly when: readonly Selector[];
  /** Of the frame when it is sent. */
  readonly bytes: number;
}

export interface CanSource {
  readonly signal: Signal;
  readonly kind: PointKind;
  /** Text by raw value; empty: the value is no text of a table. */
  readonly values: ReadonlyMap<string, string>;
  /** The bytes are the text. */
  readonly isText: boolean;
  /** Raw values of J1939 that stand for errors and absence are told as such. */
  readonly indicators: boolean;
  /** At most one reading in this time, ms; 0: one of each frame. */
  readonly every_ms: number;
  /** Ask for the parameter group this often, ms; 0: it comes by itself. */
  readonly request_ms: number;
  readonly write: Signal;
}

export const DEFAULT_PORT = 20_000;
/** Of a service tool, which needs no claim of its own to listen. */
const DEFAULT_ADDRESS = 249;
const DEFAULT_SILENCE_MS = 10_000;
const DEFAULT_BAUD_RATE = 115_200;
const DEFAULT_BITRATE = 250_000;
const DEFAULT_REQUEST_MS = 1_000;

export function connectionSettings(c: ConnectionSection): CanSettings {
  return {
    link: linkSettings(c),
    address: c.can?.address ?? DEFAULT_ADDRESS,
    timeout_ms: c.timeout_ms ?? 1_000,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

function linkSettings({ can, host = '', port, serial }: ConnectionSection): LinkSettings {
  const {
    link = 'udp',
    listen = '0.0.0.0',
    listen_port,
    bitrate,
    answers = true,
    file = '',
    speed = 1,
    loop = false,
  } = can ?? {};
  if (link === 'candump') return { kind: link, file, speed, loop };
  if (link === 'udp')
    return { kind: link, host, port: port ?? DEFAULT_PORT, listen, listen_port: listen_port ?? DEFAULT_PORT };
  const { device = '', baud_rate = DEFAULT_BAUD_RATE } = serial ?? {};
  return { kind: link, device, baud_rate, bitrate: bitrate ?? DEFAULT_BITRATE, answers };
}

export function deviceSettings({ section }: ResolvedDevice): CanDeviceSettings {
  const { source, silence_ms = DEFAULT_SILENCE_MS } = section.can ?? {};
  return { ...(source !== undefined && { source }), silence_ms };
}

/** `point` has passed the rules. */
export function sourceOf(point: PointSection, device: ResolvedDevice): CanSource {
  const { can } = point;
  if (!can) throw new Error(`${point.metric}: no can section`);
  const scan_ms = point.scan_ms ?? device.settings.scan_ms;
  const signal = signalOf(can);
  return {
    signal,
    kind: kindOf(point),
    values: new Map(Object.entries(can.values ?? {})),
    isText: point.type === 'string',
    indicators: can.pgn !== undefined && !(can.full_range ?? false) && (can.format ?? 'unsigned') === 'unsigned',
    every_ms: scan_ms ?? 0,
    request_ms: can.request === true ? (scan_ms ?? DEFAULT_REQUEST_MS) : 0,
    write: can.write ? signalOf(can.write) : signal,
  };
}

export function kindOf({ type, scale, can }: PointSection): PointKind {
  if (type === 'bool') return 'boolean';
  if (type === 'string' || can?.values !== undefined) return 'text';
  return (can?.length ?? 0) > EXACT_BITS && can?.format !== 'float' && !scale ? 'int64' : 'number';
}

function signalOf({
  id = 0,
  extended,
  pgn,
  format = 'unsigned',
  when = [],
  bytes = 8,
  ...place
}: CanSignalSection): Signal {
  return {
    address: pgn === undefined ? { id, extended: extended ?? id > MAX_STANDARD_ID } : { pgn },
    layout: layoutOf(place),
    format,
    when: when.map(({ values, ...selector }) => ({ layout: layoutOf(selector), values })),
    bytes,
  };
}
