/** The points of one line, ready to be read and written. Pure. */
import { AdapterError, type FieldValue, type Sample } from '../../adapter';
import { type ConnectionPlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { type Request } from './codec/pdu';
import { ConvertError, maskOf, readerOf, writerOf } from './convert';
import { type RequestErrorKind } from './link';
import { type PlannedRead, type PlanPoint, planReads, readFunction } from './plan';
import { type WriteWith } from '../../core/profile/types';
import { isBitTable, type ModbusDeviceSettings, type ModbusSource } from './settings';

interface Point extends PlanPoint {
  readonly writable: boolean;
  readonly write_with: WriteWith;
}

/** A point of a request, and how to have its value from the answer. */
interface Field {
  readonly device: string;
  readonly metric: string;
  readonly value: (data: Buffer) => FieldValue;
}

const bit =
  (index: number) =>
  (data: Buffer): boolean =>
    (((data[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;

export class PointTable {
  private readonly points = new Map<string, Point>();
  /** Made when a request is first answered. */
  private readonly fields = new WeakMap<PlannedRead, readonly Field[]>();

  constructor(connection: ConnectionPlan) {
    for (const device of connection.devices) {
      const { limits, write_with } = device.settings as ModbusDeviceSettings;
      for (const { metric, scan_ms, writable, source: given } of device.points) {
        const source = given as ModbusSource;
        const { id, unit } = device;
        // Written out: a spread gives every object a hidden class of its own, which is megabytes at 15,000 points.
        const point = { device: id, metric, unit, scan_ms, limits, source, writable, write_with };
        this.points.set(key(id, metric), point);
      }
    }
  }

  /** The requests that read everything but the excluded devices. */
  plan(excluded: ReadonlySet<string>): PlannedRead[] {
    return planReads([...this.points.values()].filter((p) => !excluded.has(p.device)));
  }

  /** A request for one point alone. Throws AdapterError `unknown-point`. */
  readOne(device: string, metric: string): PlannedRead {
    const p = this.find('read', device, metric);
    const { unit, source, scan_ms } = p;
    return { unit, fn: readFunction(source), address: source.address, count: source.count, scan_ms, points: [p] };
  }

  /** Throws AdapterError `unknown-point`, `not-writable`, `invalid-value`. */
  write(device: string, metric: string, value: FieldValue): { unit: number; request: Request } {
    const point = this.find('write', device, metric);
    if (!point.writable)
      throw new AdapterError('not-writable', 'write', `${device}/${metric}`, 'set writable: true in the profile');
    try {
      return { unit: point.unit, request: writeRequest(point, value) };
    } catch (cause) {
      if (!(cause instanceof ConvertError)) throw cause;
      throw new AdapterError('invalid-value', 'write', `${device}/${metric}: ${cause.message}`, '', { cause });
    }
  }

  /** One sample for each point of the read. */
  samples(read: PlannedRead, data: Buffer, at: number): Sample[] {
    let fields = this.fields.get(read);
    if (!fields) this.fields.set(read, (fields = read.points.map((p) => this.field(read, p))));
    return fields.map(({ device, metric, value }) => ({
      device,
      metric,
      at,
      value: value(data),
      quality: Quality.good,
    }));
  }

  private field(read: PlannedRead, { device, metric, source }: PlanPoint): Field {
    const offset = source.address - read.address;
    if (isBitTable(source.table)) return { device, metric, value: bit(offset) };
    const reader = readerOf(source);
    return { device, metric, value: (data) => reader(data, 2 * offset) };
  }

  private find(operation: string, device: string, metric: string): Point {
    const point = this.points.get(key(device, metric));
    if (point) return point;
    throw new AdapterError(
      'unknown-point',
      operation,
      `${device}/${metric}`,
      'is it in the profile of this connection?',
    );
  }
}

/** What a request that failed makes of its points. */
export const QUALITY: Readonly<Record<RequestErrorKind, number>> = {
  timeout: Quality.timeout,
  closed: Quality.notConnected,
  'bad-response': Quality.bad,
  checksum: Quality.checksum,
};

/** Bad samples for every point of the reads. */
export function badSamples(reads: readonly PlannedRead[], quality: number, at: number): Sample[] {
  return reads.flatMap((r) => r.points.map(({ device, metric }) => ({ device, metric, at, quality })));
}

const key = (device: string, metric: string): string => `${device}/${metric}`;

function writeRequest({ source, write_with }: Point, value: FieldValue): Request {
  const { address, count, table, type } = source;
  if (table === 'coil') {
    const on = value === true || value === 1;
    if (!on && value !== false && value !== 0) throw new ConvertError(`${String(value)} is not true or false`);
    return write_with === 'multiple' ? { fn: 15, address, bits: [on] } : { fn: 5, address, value: on ? 1 : 0 };
  }
  if (type === 'bool' || type === 'bits') return { fn: 22, address, ...maskOf(source, value) };
  const data = writerOf(source)(value);
  if (write_with === 'read-write') return { fn: 23, address, count, write: address, data };
  if (count === 1 && write_with === 'auto') return { fn: 6, address, value: data.readUInt16BE(0) };
  return { fn: 16, address, data };
}
