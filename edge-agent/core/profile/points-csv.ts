/**
 * Tag lists as controls engineers keep them. Header names are taken in any case and order, blanks take defaults.
 * Addresses are zero-based with a table, or written as in manuals: 40001, 400001, 30001, 10001, 1.
 */
import { closest } from './closest';
import { type CsvTable, parseCsv } from './csv';
import { type Place, type Problem, problem } from './problem';
import { type Table } from './types';

export const MAX_CSV_POINTS = 10_000;

type Row = Record<string, unknown>;
type Column = (cell: string, into: Row, table: CsvTable) => string | undefined;

const text =
  (key: string): Column =>
  (cell, into) => {
    into[key] = cell;
    return undefined;
  };

const number =
  (key: string, inside?: string): Column =>
  (cell, into, { separator }) => {
    const n = Number(separator === ',' ? cell : cell.replace(',', '.'));
    if (Number.isNaN(n)) return 'a number';
    const target = inside ? ((into[inside] ??= {}) as Row) : into;
    target[key] = n;
    return undefined;
  };

const access: Column = (cell, into) => {
  const answer = { rw: true, w: true, yes: true, true: true, '1': true, x: true }[cell.toLowerCase()];
  const no = ['r', 'ro', 'no', 'false', '0'].includes(cell.toLowerCase());
  if (!answer && !no) return 'rw or r, true or false';
  into['writable'] = answer ?? false;
  return undefined;
};

const TYPES: Readonly<Record<string, string>> = {
  boolean: 'bool',
  bit: 'bool',
  short: 'int16',
  int: 'int16',
  word: 'uint16',
  ushort: 'uint16',
  dint: 'int32',
  long: 'int32',
  dword: 'uint32',
  udint: 'uint32',
  lint: 'int64',
  ulint: 'uint64',
  real: 'float32',
  float: 'float32',
  lreal: 'float64',
  double: 'float64',
};
const type: Column = (cell, into) => {
  into['type'] = TYPES[cell.toLowerCase()] ?? cell.toLowerCase();
  return undefined;
};

/** Column and its other names. */
const COLUMNS: readonly (readonly [string[], Column])[] = [
  [['metric', 'tag', 'tag name', 'name'], text('metric')],
  [['table', 'register type', 'area'], text('table')],
  [['address', 'register'], text('address')],
  [['node', 'node id', 'nodeid'], text('node')],
  [['object'], text('object')],
  [['type', 'data type'], type],
  [['length'], number('length')],
  [['bit'], number('bit')],
  [['bit_count', 'bits'], number('bit_count')],
  [['word_order', 'word order'], text('word_order')],
  [['byte_order', 'byte order'], text('byte_order')],
  [['scan_ms', 'scan', 'scan rate', 'scan rate ms'], number('scan_ms')],
  [['factor', 'scale', 'multiplier'], number('factor', 'scale')],
  [['offset'], number('offset', 'scale')],
  [['raw_low', 'raw low'], number('raw_low', 'scale')],
  [['raw_high', 'raw high'], number('raw_high', 'scale')],
  [['scale_low'], number('low', 'scale')],
  [['scale_high'], number('high', 'scale')],
  [['low', 'eng low', 'engineering low', 'min'], number('low')],
  [['high', 'eng high', 'engineering high', 'max'], number('high')],
  [['unit', 'units', 'engineering unit'], text('unit')],
  [['source_unit', 'source unit'], text('source_unit')],
  [['deadband'], number('deadband')],
  [['deadband_percent'], number('percent', 'deadband_section')],
  [['deadband_heartbeat_ms'], number('heartbeat_ms', 'deadband_section')],
  [['writable', 'access', 'write'], access],
  [['description', 'comment'], text('description')],
];
const BY_NAME = new Map(COLUMNS.flatMap(([names, column]) => names.map((name) => [name, column] as const)));

export interface CsvPoint {
  readonly place: Place;
  /** Not yet validated against the schema of a point. */
  readonly section: Row;
}

export function pointsFromCsv(file: string, content: string): { points: CsvPoint[]; problems: Problem[] } {
  const table = parseCsv(content);
  const [header, ...rows] = table.rows;
  const problems: Problem[] = [];
  const report = (line: number, column: string, value: unknown, expected: string, suggestion?: string): void => {
    const issue = { path: column ? [column] : [], value, expected, ...(suggestion && { suggestion }) };
    problems.push(problem(issue, { file, line, column: 1 }));
  };
  if (!header) report(1, '', undefined, 'a header line such as tag;address;type;unit');
  if (rows.length > MAX_CSV_POINTS) report(1, '', rows.length, `at most ${MAX_CSV_POINTS} points`);
  const columns = (header?.cells ?? []).map((cell) => {
    const column = BY_NAME.get(cell.toLowerCase());
    if (!column && cell !== '')
      report(header?.line ?? 1, '', cell, 'a known column', closest(cell, [...BY_NAME.keys()]));
    return { name: cell, column };
  });
  const points = rows.slice(0, MAX_CSV_POINTS).map(({ line, cells }) => {
    const section: Row = {};
    columns.forEach(({ name, column }, i) => {
      const cell = cells[i] ?? '';
      const expected = cell === '' ? undefined : column?.(cell, section, table);
      if (expected) report(line, name, cell, expected);
    });
    const expected = place(section);
    if (expected) report(line, 'address', section['address'], expected);
    return { place: { file, line, column: 1 }, section: finished(section) };
  });
  return { points, problems };
}

const DIGIT_TABLES: Readonly<Record<string, Table>> = {
  '0': 'coil',
  '1': 'discrete-input',
  '3': 'input-register',
  '4': 'holding-register',
};

/** Columns that say where a point is where there are no addresses. */
const NAMED = ['node', 'object'] as const;

/** Turns the address column into table and zero-based address; the expectation it breaks when it does not fit. */
function place(section: Row): string | undefined {
  const written = section['address'];
  if (written === undefined && NAMED.some((key) => section[key] !== undefined)) return undefined;
  if (typeof written !== 'string') return 'an address';
  if (!/^\d+$/.test(written)) return 'digits: zero-based with a table column, or as in the manual, such as 40001';
  if (section['table'] !== undefined) {
    section['address'] = Number(written);
    return undefined;
  }
  const table = written.length >= 5 ? DIGIT_TABLES[written[0] ?? ''] : undefined;
  const entity = Number(written.slice(1));
  if (!table || written.length > 6 || entity < 1) return 'a table column, or an address such as 40001 or 400001';
  section['table'] = table;
  section['address'] = entity - 1;
  return undefined;
}

/** Raw limits with engineering limits make a scale of four. */
function finished({ deadband_section, ...section }: Row): Row {
  const scale = section['scale'] as Row | undefined;
  if (scale?.['raw_low'] !== undefined || scale?.['raw_high'] !== undefined)
    section['scale'] = { low: section['low'], high: section['high'], ...scale };
  if (deadband_section !== undefined) {
    const absolute = section['deadband'];
    section['deadband'] = { ...(deadband_section as Row), ...(absolute !== undefined && { absolute }) };
  }
  return section;
}
