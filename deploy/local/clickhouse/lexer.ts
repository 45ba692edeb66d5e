/**
 * Tokens of ClickHouse SQL, enough to find where a statement, its FORMAT or its data begins. Follows the engine's own
 * lexer (src/Parsers/Lexer.cpp): quotes with backslash and doubled escapes, heredocs, and its three kinds of comment.
 */
export type TokenKind = 'word' | 'number' | 'string' | 'quoted' | 'symbol' | 'broken';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** How many brackets are open around it; an opening and its closing bracket count the same. */
  readonly depth: number;
}

const SPACE = /[\s\u200b\u2060]+/y;
const WORD = /[A-Za-z_\u0080-\uffff$][A-Za-z0-9_\u0080-\uffff$]*/y;
const NUMBER = /\d[A-Za-z0-9_.]*/y;
const HEREDOC = /\$[A-Za-z0-9_]*\$/y;
/** Typographic quotes delimit strings in the engine too. */
const CLOSING: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '‘': '’', '“': '”' };

/** Tokens from `from` on, lazily: an INSERT's data must not be read as SQL. An unclosed quote or comment gives `broken`. */
export function* tokens(sql: string, from = 0): Generator<Token> {
  let at = from;
  let depth = 0;
  for (;;) {
    at = skipBlank(sql, at);
    if (at >= sql.length) return;
    const { kind, end } = next(sql, at);
    const text = sql.slice(at, end);
    if (kind === 'symbol' && ')]}'.includes(text)) depth--;
    yield { kind, text, start: at, end, depth };
    if (kind === 'symbol' && '([{'.includes(text)) depth++;
    at = end;
  }
}

function next(sql: string, at: number): { kind: TokenKind; end: number } {
  const char = sql.charAt(at);
  const closing = CLOSING[char];
  if (closing !== undefined) {
    const end = endOfQuoted(sql, at, closing);
    return { kind: end < 0 ? 'broken' : "'‘".includes(char) ? 'string' : 'quoted', end: end < 0 ? sql.length : end };
  }
  if (sql.startsWith('/*', at)) return { kind: 'broken', end: sql.length };
  const heredoc = match(HEREDOC, sql, at);
  if (heredoc > at) {
    const tag = sql.slice(at, heredoc);
    const close = sql.indexOf(tag, heredoc);
    if (close >= 0) return { kind: 'string', end: close + tag.length };
  }
  const word = match(WORD, sql, at);
  if (word > at) return { kind: 'word', end: word };
  const number = match(NUMBER, sql, at);
  if (number > at) return { kind: 'number', end: number };
  return { kind: 'symbol', end: at + 1 };
}

function endOfQuoted(sql: string, at: number, closing: string): number {
  for (let i = at + 1; i < sql.length; i++) {
    const char = sql.charAt(i);
    if (char === '\\' && closing !== '’' && closing !== '”') i++;
    else if (char === closing) {
      if (sql.charAt(i + 1) !== closing || closing === '’' || closing === '”') return i + 1;
      i++;
    }
  }
  return -1;
}

/** Past white space and comments; an unclosed comment is left for `next` to call broken. */
function skipBlank(sql: string, from: number): number {
  for (let at = from; ;) {
    const start = at;
    at = match(SPACE, sql, at);
    if (sql.startsWith('--', at) || sql.startsWith('//', at) || sql.startsWith('# ', at) || sql.startsWith('#!', at)) {
      const line = sql.indexOf('\n', at);
      at = line < 0 ? sql.length : line + 1;
    } else if (sql.startsWith('/*', at)) {
      const close = sql.indexOf('*/', at + 2);
      if (close < 0) return at;
      at = close + 2;
    }
    if (at === start) return at;
  }
}

function match(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : at;
}
