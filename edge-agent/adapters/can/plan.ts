/** Frames and parameter groups to samples, compiled from the profile; and values to frames. Pure. */
import { type FieldValue, type Sample } from '../../adapter';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { rawOf, readSignal, SignalError, writeSignal } from './codec';
import { type CanFrame } from './frame';
import { frameOf, GLOBAL, type Group, indicatorOf } from './j1939';
import { type CanDeviceSettings, type CanSource, type Signal } from './settings';

interface Entry {
  readonly device: string;
  readonly metric: string;
  readonly source: CanSource;
  /** Of the last reading, monotonic. */
  read_at: number;
}

/** When a frame came. */
export interface Moment {
  /** Monotonic, ms. */
  readonly now: number;
  /** ms since 1970. */
  readonly at: number;
  /** Out of a log: no rule acts on it. */
  readonly past: boolean;
}

export interface Heard {
  readonly device: string;
  readonly samples: readonly Sample[];
}

/** A group that is asked for. */
export interface Request {
  readonly pgn: number;
  readonly device: string;
  readonly destination: number;
  readonly every_ms: number;
}

const NOBODY: readonly Heard[] = [];

export class SignalTable {
  readonly requests: readonly Request[];
  private readonly byId = new Map<number, Entry[]>();
  /** By group and sender. */
  private readonly byGroup = new Map<number, Entry[]>();

  constructor({ devices }: ConnectionPlan) {
    for (const device of devices)
      for (const { metric, source: given } of device.points) {
        const source = given as CanSource;
        const { address } = source.signal;
        const [table, key] =
          'pgn' in address
            ? [this.byGroup, groupKey(address.pgn, sourceOf(device))]
            : [this.byId, idKey(address.id, address.extended)];
        const entries = table.get(key) ?? [];
        entries.push({ device: device.id, metric, source, read_at: -Infinity });
        table.set(key, entries);
      }
    this.requests = devices.flatMap(requestsOf);
  }

  ofFrame({ id, extended, remote, data }: CanFrame, moment: Moment): readonly Heard[] {
    const entries = remote ? undefined : this.byId.get(idKey(id, extended));
    return entries ? read(entries, data, moment) : NOBODY;
  }

  ofGroup({ pgn, source, data }: Group, moment: Moment): readonly Heard[] {
    const entries = this.byGroup.get(groupKey(pgn, source));
    return entries ? read(entries, data, moment) : NOBODY;
  }
}

const idKey = (id: number, extended: boolean): number => (extended ? id + 2 ** 31 : id);
const groupKey = (pgn: number, source: number): number => pgn * 256 + source;
const sourceOf = ({ settings }: DevicePlan): number => (settings as CanDeviceSettings).source ?? GLOBAL;

function requestsOf(device: DevicePlan): Request[] {
  const found = new Map<number, Request>();
  for (const { source: given } of device.points) {
    const { signal, request_ms } = given as CanSource;
    if (request_ms === 0 || !('pgn' in signal.address)) continue;
    const { pgn } = signal.address;
    const every_ms = Math.min(request_ms, found.get(pgn)?.every_ms ?? Infinity);
    found.set(pgn, { pgn, device: device.id, destination: sourceOf(device), every_ms });
  }
  return [...found.values()];
}

/** The devices are heard by any of their frames, also when nothing in it is due. */
function read(entries: readonly Entry[], data: Buffer, { now, at, past }: Moment): Heard[] {
  const heard = new Map<string, Sample[]>();
  for (const entry of entries) {
    const samples = heard.get(entry.device) ?? [];
    heard.set(entry.device, samples);
    if (now - entry.read_at < entry.source.every_ms) continue;
    const sample = sampleOf(entry, data, at);
    if (!sample) continue;
    entry.read_at = now;
    samples.push(past ? { ...sample, past } : sample);
  }
  return [...heard].map(([device, samples]) => ({ device, samples }));
}

/** Undefined while its selectors say that it is not in the frame. */
function sampleOf({ device, metric, source }: Entry, data: Buffer, at: number): Sample | undefined {
  const { layout, format, when } = source.signal;
  const bad = (quality: number): Sample => ({ device, metric, at, quality });
  for (const { layout: place, values } of when) {
    const selected = rawOf(place, data);
    if (selected === undefined) return bad(Quality.notConverted);
    if (!values.some(([from, to]) => selected >= from && selected <= to)) return undefined;
  }
  if (source.isText) return { device, metric, at, quality: Quality.good, value: textOf(source.signal, data) };
  const raw = readSignal(layout, format, data);
  if (raw === undefined) return bad(Quality.notConverted);
  const good = (value: FieldValue): Sample => ({ device, metric, at, quality: Quality.good, value });
  const named = source.values.get(String(raw));
  if (named !== undefined) return good(named);
  const indicator = source.indicators ? indicatorOf(Number(raw), layout.length) : undefined;
  if (indicator) return bad(indicator === 'error' ? Quality.sensorFailure : Quality.bad);
  if (source.kind === 'boolean') return good(raw !== 0 && raw !== 0n);
  // A value that the table does not name is told by its number.
  return good(source.kind === 'text' ? String(raw) : raw);
}

/** What is there of the text: groups are as long as their text. Ends at * as J1939 has it, at NUL, or with the bytes. */
function textOf({ layout }: Signal, data: Buffer): string {
  const begin = layout.pieces[0]?.byte ?? 0;
  const [text = ''] = data.toString('latin1', begin, begin + layout.length / 8).split(/[*\0]/);
  return text.trimEnd();
}

/**
 * The frame that writes a value. `before`: the data of the frame as it was last on the bus, which the other signals keep;
 * where nothing is known they are 0, or "not available" with J1939. Throws SignalError.
 */
export function frameToWrite(
  device: DevicePlan,
  source: CanSource,
  value: FieldValue,
  own: number,
  before: Buffer | undefined,
): CanFrame {
  const { address, layout, format, when, bytes } = source.write;
  const data = before ? Buffer.from(before) : Buffer.alloc(bytes, 'pgn' in address ? 0xff : 0);
  for (const { layout: place, values } of when) writeSignal(place, 'unsigned', values[0]?.[0] ?? 0, data);
  writeSignal(layout, format, rawValue(source, value), data);
  if ('pgn' in address) return frameOf({ pgn: address.pgn, source: own, destination: sourceOf(device), data });
  return { ...address, remote: false, data };
}

function rawValue({ values, kind }: CanSource, value: FieldValue): FieldValue {
  if (kind === 'boolean') {
    if (value === true || value === false || value === 0 || value === 1) return Number(value);
    throw new SignalError(`${String(value)} is not true or false`);
  }
  if (kind !== 'text') return value;
  const [raw] = [...values].find(([, text]) => text === value) ?? [];
  if (raw === undefined) throw new SignalError(`${String(value)} is none of ${[...values.values()].join(', ')}`);
  return Number(raw);
}
