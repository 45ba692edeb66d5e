/** What CAN asks of a profile beyond its schema. */
import { missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { BROADCAST_FORMAT } from '../../core/profile/pgn';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type CanSignalSection } from '../../core/profile/types-can';
import { layoutOf } from './codec';
import { MAX_FRAME_BYTES } from './frame';
import { connectionSettings, deviceSettings, kindOf, sourceOf } from './settings';
import { BITRATES } from './slcan';
import { MAX_GROUP_BYTES } from './transport';

export const canRules: ProtocolRules = {
  protocols: ['can'],
  section: 'can',
  kind: kindOf,
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

const CLASSIC_BYTES = 8;

const not = (path: Issue['path'], value: unknown, expected: string): Issue => ({ path, value, expected });

/** Keys of the section that one kind of link reads. */
const OF_LINK = {
  udp: ['listen', 'listen_port'],
  slcan: ['bitrate', 'answers'],
  candump: ['file', 'speed', 'loop'],
} as const;

function checkConnection(c: ConnectionSection): Issue[] {
  const { can } = c;
  if (!can) return [missing('a "can" section with a link')];
  const { link } = can;
  const issues: Issue[] = [];
  for (const key of ['limits', 'in_flight', 'pause_ms'] as const)
    if (c[key] !== undefined) issues.push(not([key], c[key], `no ${key} with can`));
  for (const [kind, keys] of Object.entries(OF_LINK))
    for (const key of keys)
      if (kind !== link && can[key] !== undefined)
        issues.push(not(['can', key], can[key], `no ${key} with link: ${link}`));
  if (link === 'udp' && c.host === undefined) issues.push(missing('a "host": the far end of the tunnel'));
  if (link !== 'udp' && c.host !== undefined) issues.push(not(['host'], c.host, `no host with link: ${link}`));
  if (link === 'slcan' && !c.serial) issues.push(missing('a "serial" section with the port of the converter'));
  if (link !== 'slcan' && c.serial) issues.push(not(['serial'], undefined, `no serial with link: ${link}`));
  if (link === 'candump' && can.file === undefined) issues.push(missing('a "file" in its "can" section'));
  if (can.bitrate !== undefined && BITRATES[can.bitrate] === undefined)
    issues.push(not(['can', 'bitrate'], can.bitrate, `one of ${Object.keys(BITRATES).join(', ')}`));
  const { initial_ms = 0, max_ms = Infinity } = c.backoff ?? {};
  if (initial_ms > max_ms) issues.push(not(['backoff', 'max_ms'], max_ms, `at least initial_ms (${initial_ms})`));
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice, connection: ConnectionSection): Issue[] {
  const { can } = p;
  if (!can) return [missing('a "can" section')];
  const issues = checkSignal(can, device, false, ['can']);
  if (can.write) issues.push(...checkSignal(can.write, device, true, ['can', 'write']));
  else if (p.writable) issues.push(...checkSent(can, ['can']));
  for (const key of ['table', 'address', 'node', 'object', 'length', 'bit', 'bit_count'] as const)
    if (p[key] !== undefined) issues.push(not([key], p[key], `no ${key} with can`));
  if (p.type !== undefined && p.type !== 'bool' && p.type !== 'string')
    issues.push(not(['type'], p.type, 'bool, string, or none: its can section says what it is'));
  if (p.type === 'bool' && can.length > 32)
    issues.push(not(['can', 'length'], can.length, 'at most 32 bits of a bool'));
  if (can.values && (p.type !== undefined || can.format !== undefined))
    issues.push(not(['can', 'values'], undefined, 'no type and no format beside a table of values'));
  if (p.type === 'string' && (can.start % 8 !== 0 || can.length % 8 !== 0))
    issues.push(not(['can', 'length'], can.length, 'whole bytes of a string'));
  if (p.writable && connection.can?.link === 'candump')
    issues.push(not(['writable'], true, 'false: a log takes no frames'));
  if (p.writable && p.type === 'string') issues.push(not(['writable'], true, 'false: strings are read only'));
  for (const key of ['request', 'full_range'] as const)
    if (can[key] !== undefined && can.pgn === undefined)
      issues.push(not(['can', key], can[key], `no ${key} without a pgn`));
  return issues.length > 0 || p.type === 'string' ? issues : checkLength(can, ['can']);
}

function checkLength({ length, format }: CanSignalSection, path: Issue['path']): Issue[] {
  if (format === 'float' && length !== 32 && length !== 64)
    return [not([...path, 'length'], length, '32 or 64 bits of a float')];
  return length > 64 ? [not([...path, 'length'], length, 'at most 64 bits')] : [];
}

function checkSignal(s: CanSignalSection, device: ResolvedDevice, sent: boolean, path: Issue['path']): Issue[] {
  const issues: Issue[] = sent ? [...checkSent(s, path), ...checkLength(s, path)] : [];
  if ((s.id === undefined) === (s.pgn === undefined)) return [not(path, undefined, 'an "id" or a "pgn"')];
  if (s.extended !== undefined && s.pgn !== undefined)
    issues.push(not([...path, 'extended'], s.extended, 'no extended with a pgn, which has it always'));
  if (s.pgn !== undefined && device.section.can?.source === undefined)
    issues.push(not([...path, 'pgn'], s.pgn, 'of its device a "can" section with its source address'));
  if (s.pgn !== undefined && ((s.pgn >>> 8) & 0xff) < BROADCAST_FORMAT && (s.pgn & 0xff) !== 0)
    issues.push(not([...path, 'pgn'], s.pgn, 'a lower byte of 0: a receiver has its place there'));
  const most = s.pgn === undefined ? MAX_FRAME_BYTES : MAX_GROUP_BYTES;
  for (const place of [s, ...(s.when ?? [])]) {
    const { bytes } = layoutOf(place);
    if (bytes > most) issues.push(not(path, place.start, `signals within ${most} bytes`));
  }
  return issues;
}

function checkSent(s: CanSignalSection, path: Issue['path']): Issue[] {
  const most = s.pgn === undefined ? MAX_FRAME_BYTES : CLASSIC_BYTES;
  const bytes = s.bytes ?? CLASSIC_BYTES;
  const needed = Math.max(...[s, ...(s.when ?? [])].map((place) => layoutOf(place).bytes));
  if (bytes > most) return [not([...path, 'bytes'], bytes, `at most ${most}: nothing is sent in several packets`)];
  return needed > bytes ? [not([...path, 'bytes'], bytes, `at least ${needed}, where its signals end`)] : [];
}
