/** What a request's SQL is, and how it is put to the engine: pure text work. */
import { FrontError } from './errors';
import { type Token, tokens } from './lexer';

export type Statement =
  /** Gives rows: they go to a file the engine opens. */
  | { readonly kind: 'output'; readonly sql: string; readonly format: string | undefined; readonly formatAt: number }
  /** INSERT whose data follows: `head` goes before FROM INFILE, `settings` and `format` after it. */
  | {
      readonly kind: 'data';
      readonly head: string;
      readonly settings: string;
      readonly format: string;
      readonly dataAt: number;
    }
  /** Anything else: DDL, SET, INSERT … SELECT. */
  | { readonly kind: 'command'; readonly sql: string; readonly verb: string };

const OUTPUT_VERBS = new Set(['SELECT', 'WITH', 'FROM', '(', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS', 'CHECK']);

/** Reads the statement. `text` may go on with an INSERT's data. Throws FrontError for what HTTP does not allow. */
export function parse(text: string): Statement {
  const all = tokens(text);
  const first = all.next().value as Token | undefined;
  if (!first) throw new FrontError('SYNTAX_ERROR', 'Empty query');
  const verb = first.text.toUpperCase();
  return verb === 'INSERT' ? parseInsert(text, all) : parsePlain(text, verb, [first, ...all]);
}

function parsePlain(text: string, verb: string, list: readonly Token[]): Statement {
  const sql = text.slice(0, oneStatement(list));
  if (!OUTPUT_VERBS.has(verb)) return { kind: 'command', sql, verb };
  refuseFiles(list);
  const end = list.findLastIndex((t) => t.text !== ';') + 1;
  const at = formatClause(list.slice(0, end));
  return at
    ? { kind: 'output', sql, format: at.name, formatAt: at.start }
    : { kind: 'output', sql, format: undefined, formatAt: sql.length };
}

/** The trailing `FORMAT name`, which only SETTINGS may follow. */
function formatClause(list: readonly Token[]): { name: string; start: number } | undefined {
  for (let i = list.length - 2; i >= 0; i--) {
    const word = list[i];
    const name = list[i + 1];
    if (word?.depth !== 0 || !is(word, 'FORMAT') || name?.kind !== 'word') continue;
    const after = list[i + 2];
    if (after === undefined || is(after, 'SETTINGS')) return { name: name.text, start: word.start };
  }
  return undefined;
}

/** End of the only statement. Throws when another follows: HTTP takes one at a time. */
function oneStatement(list: readonly Token[]): number {
  const broken = list.find((t) => t.kind === 'broken');
  if (broken) throw new FrontError('SYNTAX_ERROR', `Unclosed quote or comment at position ${broken.start + 1}`);
  const semicolon = list.findIndex((t) => t.text === ';' && t.kind === 'symbol');
  if (semicolon < 0) return list.at(-1)?.end ?? 0;
  if (list.slice(semicolon).some((t) => t.text !== ';'))
    throw new FrontError('SYNTAX_ERROR', 'Multi-statements are not allowed');
  return list[semicolon]?.start ?? 0;
}

function parseInsert(text: string, rest: Iterator<Token>): Statement {
  const list: Token[] = [];
  let settings: Token | undefined;
  for (let t = rest.next(); !t.done; t = rest.next()) {
    const token = t.value;
    const previous = list.at(-1);
    list.push(token);
    if (token.kind === 'broken') throw new FrontError('SYNTAX_ERROR', `Unclosed quote at position ${token.start + 1}`);
    if (token.depth !== 0 || token.kind !== 'word' || isName(previous)) continue;
    if (is(token, 'SETTINGS')) settings ??= token;
    if (is(token, 'FROM') || is(token, 'SELECT') || is(token, 'WITH') || is(token, 'WATCH')) break;
    if (is(token, 'VALUES')) return dataInsert(text, settings, token, 'Values', token.end);
    if (is(token, 'FORMAT')) {
      const name = rest.next();
      if (name.done) throw new FrontError('SYNTAX_ERROR', 'INSERT … FORMAT without the name of a format');
      return dataInsert(text, settings, token, name.value.text, dataStart(text, name.value.end));
    }
  }
  const all = [...list, ...drain(rest)];
  refuseFiles(all);
  return { kind: 'command', sql: text.slice(0, oneStatement(all)), verb: 'INSERT' };
}

/** A table may be called `format` or `values`: what follows INTO, TABLE, FUNCTION or a dot is a name. */
function isName(previous: Token | undefined): boolean {
  if (!previous) return false;
  return previous.text === '.' || (previous.kind === 'word' && /^(INTO|TABLE|FUNCTION)$/i.test(previous.text));
}

function dataInsert(
  text: string,
  settings: Token | undefined,
  clause: Token,
  format: string,
  dataAt: number,
): Statement {
  return {
    kind: 'data',
    head: text.slice(0, settings?.start ?? clause.start).trimEnd(),
    settings: settings ? text.slice(settings.start, clause.start).trim() : '',
    format,
    dataAt,
  };
}

/** As the engine does: blanks, then at most one line end, are not data. */
function dataStart(text: string, from: number): number {
  let at = from;
  while (' \t\f'.includes(text.charAt(at)) && at < text.length) at++;
  if (text.charAt(at) === ';') throw new FrontError('SYNTAX_ERROR', 'There is a semicolon before the data of INSERT');
  if (text.charAt(at) === '\r') at++;
  if (text.charAt(at) === '\n') at++;
  return at;
}

/** Files are the front's own means; a client must not name one on this machine. */
function refuseFiles(list: readonly Token[]): void {
  list.forEach((t, i) => {
    const next = list[i + 1];
    if ((is(t, 'OUTFILE') && is(list[i - 1], 'INTO')) || (is(t, 'INFILE') && next?.kind === 'string'))
      throw new FrontError('NOT_IMPLEMENTED', `${t.text.toUpperCase()} is not available over HTTP`);
  });
}

const is = (t: Token | undefined, word: string): boolean => t?.kind === 'word' && t.text.toUpperCase() === word;

function drain(rest: Iterator<Token>): Token[] {
  const out: Token[] = [];
  for (let t = rest.next(); !t.done; t = rest.next()) out.push(t.value);
  return out;
}

/** The statement with its rows going to `path`. */
export function intoFile(s: Extract<Statement, { kind: 'output' }>, path: string, defaultFormat: string): string {
  const head = s.sql.slice(0, s.formatAt);
  const tail = s.format === undefined ? `FORMAT ${defaultFormat}` : s.sql.slice(s.formatAt);
  return `${head}\nINTO OUTFILE ${quote(path)} TRUNCATE COMPRESSION 'none' ${tail}`;
}

/** The INSERT reading its data from `path`. */
export function fromFile(s: Extract<Statement, { kind: 'data' }>, path: string): string {
  return `${s.head} FROM INFILE ${quote(path)} COMPRESSION 'none' ${s.settings} FORMAT ${s.format}`;
}

/** A string literal of SQL. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
