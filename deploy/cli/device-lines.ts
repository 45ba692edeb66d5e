/** A table of devices as NDJSON: what spreadsheets save becomes what the API takes. Pure. */
import { CliError } from './errors';

const TEXTS = ['device_id', 'name', 'model', 'agent_id', 'path', 'parent_id'] as const;
/** Columns of labels: `label.floor`. */
const LABEL = 'label.';

/** The first row names the columns; empty cells are left out. Throws CliError `usage` naming the line. */
export function csvToLines(text: string): string {
  const rows = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, i) => (line.trim() === '' ? [] : [{ line: i + 1, cells: cellsOf(line, i + 1) }]));
  const [header, ...devices] = rows;
  if (!header?.cells.includes('device_id'))
    throw unusable(header?.line ?? 1, `no column device_id`, `name the columns: ${TEXTS.join(', ')}, ${LABEL}<key>`);
  const unknown = header.cells.find((c) => !TEXTS.some((t) => t === c) && !c.startsWith(LABEL));
  if (unknown !== undefined)
    throw unusable(header.line, `unknown column ${unknown}`, `known: ${TEXTS.join(', ')}, ${LABEL}<key>`);
  return devices.map(({ line, cells }) => `${JSON.stringify(deviceOf(header.cells, cells, line))}\n`).join('');
}

function deviceOf(header: readonly string[], cells: readonly string[], line: number): object {
  if (cells.length > header.length)
    throw unusable(
      line,
      `${cells.length} cells under ${header.length} columns`,
      'put cells that hold a comma in quotes',
    );
  const given = header.flatMap((name, i) => (cells[i] ? [[name, cells[i]] as const] : []));
  const labels = given.flatMap(([name, v]) => (name.startsWith(LABEL) ? [[name.slice(LABEL.length), v] as const] : []));
  const texts = given.filter(([name]) => !name.startsWith(LABEL));
  return { ...Object.fromEntries(texts), ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) };
}

const CELL = /"((?:[^"]|"")*)"\s*(?=,|$)|([^",]*)(?=,|$)/y;

/** Cells of RFC 4180 on one line; a quote inside quotes is doubled. */
function cellsOf(line: string, number: number): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length; at++) {
    CELL.lastIndex = at;
    const found = CELL.exec(line);
    if (!found) throw unusable(number, 'a quote that does not end', 'a cell of a device has no line breaks');
    cells.push((found[1]?.replaceAll('""', '"') ?? found[2] ?? '').trim());
    at = CELL.lastIndex;
  }
  return cells;
}

function unusable(line: number, what: string, hint: string): CliError {
  return new CliError('usage', 'read table', `line ${line}: ${what}`, hint);
}
