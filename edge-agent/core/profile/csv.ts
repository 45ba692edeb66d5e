/** Delimited text as spreadsheets write it (RFC 4180, `;` where the comma is the decimal sign, a byte order mark). */

export interface CsvRow {
  /** Line on which the row starts, 1.. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly separator: ';' | ',' | '\t';
  readonly rows: readonly CsvRow[];
}

/** Splits the text; blank lines and lines that start with # are left out. The first line decides the separator. */
export function parseCsv(text: string): CsvTable {
  const clean = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(clean);
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  while (at < clean.length) {
    const { cells, end } = readRow(clean, at, separator);
    const blank = cells.every((c) => c === '') || clean.slice(at).trimStart().startsWith('#');
    if (!blank) rows.push({ line, cells });
    line += clean.slice(at, end).split('\n').length - 1;
    at = end;
  }
  return { separator, rows };
}

function separatorOf(text: string): CsvTable['separator'] {
  const first = text.split('\n').find((l) => l.trim() !== '' && !l.startsWith('#')) ?? '';
  const count = (s: string): number => first.split(s).length;
  if (count(';') >= count(',') && count(';') > 1) return ';';
  return count('\t') > count(',') ? '\t' : ',';
}

function readRow(text: string, start: number, separator: string): { cells: string[]; end: number } {
  const cells: string[] = [];
  let at = start;
  for (;;) {
    const { cell, end } = text[at] === '"' ? quoted(text, at + 1) : bare(text, at, separator);
    cells.push(cell.trim());
    at = end;
    while (at < text.length && text[at] !== separator && text[at] !== '\n') at++;
    if (text[at] !== separator) return { cells, end: Math.min(at + 1, text.length) };
    at++;
  }
}

function bare(text: string, start: number, separator: string): { cell: string; end: number } {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end++;
  return { cell: text.slice(start, end), end };
}

function quoted(text: string, start: number): { cell: string; end: number } {
  let cell = '';
  let at = start;
  while (at < text.length) {
    if (text[at] !== '"') cell += text[at++];
    else if (text[at + 1] === '"') {
      cell += '"';
      at += 2;
    } else return { cell, end: at + 1 };
  }
  return { cell, end: at };
}
