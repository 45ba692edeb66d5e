/** Points as a tag list that points-csv.ts reads back to the same meaning. */
import { stringify } from 'csv-stringify/sync';
import { type PointSection } from './types';

type Cell = string | number | boolean | undefined;

const COLUMNS: readonly (readonly [name: string, cell: (p: PointSection) => Cell])[] = [
  ['metric', (p) => p.metric],
  ['table', (p) => p.table],
  ['address', (p) => p.address],
  ['node', (p) => p.node],
  ['object', (p) => p.object],
  ['type', (p) => p.type],
  ['length', (p) => p.length],
  ['bit', (p) => p.bit],
  ['bit_count', (p) => p.bit_count],
  ['word_order', (p) => p.word_order],
  ['byte_order', (p) => p.byte_order],
  ['scan_ms', (p) => p.scan_ms],
  ['factor', (p) => p.scale?.factor],
  ['offset', (p) => p.scale?.offset],
  ['raw_low', (p) => p.scale?.raw_low],
  ['raw_high', (p) => p.scale?.raw_high],
  ['scale_low', (p) => p.scale?.low],
  ['scale_high', (p) => p.scale?.high],
  ['low', (p) => p.low],
  ['high', (p) => p.high],
  ['unit', (p) => p.unit],
  ['source_unit', (p) => p.source_unit],
  ['deadband', (p) => (typeof p.deadband === 'object' ? p.deadband.absolute : p.deadband)],
  ['deadband_percent', (p) => (typeof p.deadband === 'object' ? p.deadband.percent : undefined)],
  ['deadband_heartbeat_ms', (p) => (typeof p.deadband === 'object' ? p.deadband.heartbeat_ms : undefined)],
  ['writable', (p) => p.writable],
  ['description', (p) => p.description],
];
const KNOWN = new Set(['scale', ...COLUMNS.map(([name]) => name)]);

export interface TagList {
  readonly csv: string;
  /** What a tag list has no column for, as metric: key. */
  readonly leftOut: readonly string[];
}

/** Columns that no point uses are left out. */
export function pointsToCsv(points: readonly PointSection[], delimiter: ';' | ',' = ';'): TagList {
  const used = COLUMNS.filter(([, cell]) => points.some((p) => cell(p) !== undefined));
  const rows = points.map((p) => used.map(([, cell]) => text(cell(p))));
  const csv = stringify([used.map(([name]) => name), ...rows], { delimiter });
  const leftOut = points.flatMap((p) =>
    Object.keys(p).flatMap((key) => (KNOWN.has(key) ? [] : [`${p.metric}: ${key}`])),
  );
  return { csv, leftOut };
}

const text = (cell: Cell): string => (cell === undefined ? '' : String(cell));
