/**
 * EDE: the set of CSV files in which building contractors hand over the objects of a plant (BIG-EU, "Engineering Data
 * Exchange"). The main sheet has a preamble, then a header line that begins with "# keyname" or "keyname". Pure.
 */
import { parseCsv } from '../../core/profile/csv';
import { isCommandable, OBJECT_TYPES, objectType } from './objects';

export interface EdeDevice {
  readonly instance: number;
  readonly points: readonly EdePoint[];
}

export interface EdePoint {
  readonly metric: string;
  readonly object: string;
  readonly type?: 'bool';
  readonly unit?: string;
  readonly source_unit?: string;
  readonly description?: string;
  readonly low?: number;
  readonly high?: number;
  readonly writable?: boolean;
  readonly bacnet?: { readonly cov: boolean };
}

export interface Ede {
  readonly devices: readonly EdeDevice[];
  /** Lines no point can be made of, with the reason. */
  readonly leftOut: readonly string[];
}

export const MAX_EDE_OBJECTS = 100_000;

/** Columns by the names the format gives them; older files differ in case, dots and blanks. */
const COLUMNS = {
  instance: ['device obj.-instance', 'device object-instance', 'device-instance'],
  name: ['object-name', 'object name'],
  type: ['object-type', 'object type'],
  number: ['object-instance', 'object instance'],
  description: ['description'],
  low: ['min-present-value', 'min present value'],
  high: ['max-present-value', 'max present value'],
  settable: ['settable'],
  cov: ['supports cov', 'supports-cov'],
  unit: ['unit-code', 'unit code'],
} as const;
type Column = keyof typeof COLUMNS;

/** Engineering units of the standard as UCUM, the common ones; the number stays in source_unit for the rest. */
const UNITS: Readonly<Record<string, string>> = {
  '62': 'Cel',
  '64': '[degF]',
  '63': 'K',
  '98': '%',
  '53': 'Pa',
  '54': 'kPa',
  '55': 'bar',
  '3': 'A',
  '5': 'V',
  '47': 'W',
  '48': 'kW',
  '18': 'W.h',
  '19': 'kW.h',
  '27': 'Hz',
  '74': 'm/s',
  '80': 'm3',
  '85': 'm3/s',
  '87': 'L/s',
  '88': 'L/min',
  '135': 'm3/h',
  '96': '[ppm]',
  '29': '%',
  '73': 's',
  '71': 'h',
};

/** The main sheet. Throws Error when it has no header line. */
export function parseEde(text: string): Ede {
  // The header may be marked as a comment; the other comments are none of ours.
  const { rows } = parseCsv(text.replace(/^#\s*(?=keyname)/im, ''));
  const at = rows.findIndex((r) => /^keyname/i.test(r.cells[0] ?? ''));
  const header = rows[at];
  if (!header) throw new Error('no line that begins with "keyname": is this the main sheet of the EDE set?');
  const places = Object.fromEntries(
    Object.entries(COLUMNS).map(([column, names]) => [
      column,
      header.cells.findIndex((c) => (names as readonly string[]).includes(c.replace(/^#/, '').trim().toLowerCase())),
    ]),
  ) as Record<Column, number>;
  for (const column of ['instance', 'type', 'number'] as const)
    if (places[column] < 0) throw new Error(`line ${header.line} has no column ${COLUMNS[column][0]}`);
  const devices = new Map<number, EdePoint[]>();
  const leftOut: string[] = [];
  for (const { line, cells } of rows.slice(at + 1, at + 1 + MAX_EDE_OBJECTS)) {
    const cell = (column: Column): string => (places[column] < 0 ? '' : (cells[places[column]] ?? '').trim());
    const point = pointOf(cell);
    const instance = Number(cell('instance'));
    if (typeof point === 'string') leftOut.push(`line ${line}: ${point}`);
    else if (cell('instance') === '' || !Number.isInteger(instance)) leftOut.push(`line ${line}: no device instance`);
    else devices.set(instance, [...(devices.get(instance) ?? []), unique(point, devices.get(instance) ?? [])]);
  }
  return { devices: [...devices].map(([instance, points]) => ({ instance, points })), leftOut };
}

function pointOf(cell: (column: Column) => string): EdePoint | string {
  const type = Number(cell('type'));
  const name = cell('type') === '' ? undefined : objectType(type);
  if (!name)
    return `object type ${cell('type') || '(none)'} is not read; those read are ${Object.keys(OBJECT_TYPES).join(', ')}`;
  const number = Number(cell('number'));
  if (cell('number') === '' || !Number.isInteger(number)) return 'no object instance';
  const [low, high] = [limit(cell('low')), limit(cell('high'))];
  const numeric = !name.startsWith('binary-') && name !== 'character-string-value';
  const code = cell('unit');
  const unit = UNITS[code];
  const writable = /^(y|yes|1|true|x)$/i.test(cell('settable')) && isCommandable(type);
  return {
    metric: metricOf(cell('name') || `${name}_${number}`),
    object: `${name},${number}`,
    ...(name.startsWith('binary-') && { type: 'bool' as const }),
    ...(numeric && unit !== undefined && { unit }),
    ...(numeric && unit === undefined && code !== '' && { source_unit: `BACnet unit ${code}` }),
    ...(cell('description') !== '' && { description: cell('description').slice(0, 1_000) }),
    ...(numeric && low !== undefined && high !== undefined && low < high && { low, high }),
    ...(writable && { writable }),
    ...(/^(y|yes|1|true|x)$/i.test(cell('cov')) && { bacnet: { cov: true } }),
  };
}

function limit(text: string): number | undefined {
  const n = Number(text.replace(',', '.'));
  return text === '' || !Number.isFinite(n) ? undefined : n;
}

const MAX_METRIC = 128;

/** An object name as a metric: what a metric may not hold becomes an underscore. */
export function metricOf(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_.-]+/g, '_')
    .replace(/^[^A-Za-z_]/, '_$&')
    .slice(0, MAX_METRIC);
}

function unique(point: EdePoint, others: readonly EdePoint[]): EdePoint {
  const taken = new Set(others.map((o) => o.metric));
  let { metric } = point;
  for (let n = 2; taken.has(metric); n++) metric = `${point.metric.slice(0, MAX_METRIC - 8)}_${n}`;
  return { ...point, metric };
}
