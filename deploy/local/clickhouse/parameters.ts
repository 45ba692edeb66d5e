/**
 * `{name:Type}` in a query, from `param_name` of the request. The value is put in as the engine would: its text in the
 * Escaped (TSV) format, cast to the declared type. The engine's own binding is per process, not per query (chdb's
 * runExclusiveParam), so parallel queries would see each other's values.
 */
import { FrontError } from './errors';
import { type Token, tokens } from './lexer';
import { quote } from './statement';

/** The query with every parameter replaced. Throws FrontError when one is missing or is no identifier where it must be. */
export function bindParameters(sql: string, params: ReadonlyMap<string, string>): string {
  if (!sql.includes('{')) return sql;
  const list = [...tokens(sql)];
  let out = '';
  let copied = 0;
  for (let i = 0; i + 3 < list.length; i++) {
    const name = placeholder(list, i);
    if (name === undefined) continue;
    const close = list.findIndex((t, at) => at > i && t.text === '}' && t.depth === list[i]?.depth);
    const colon = list[i + 2];
    if (close < 0 || !colon) continue;
    const type = sql.slice(colon.end, list[close]?.start).trim();
    out += sql.slice(copied, list[i]?.start) + literal(name, type, params.get(name));
    copied = list[close]?.end ?? sql.length;
    i = close;
  }
  return out + sql.slice(copied);
}

/** `{ word : word …`; a map literal has quoted keys or numbers before its colon. */
function placeholder(list: readonly Token[], i: number): string | undefined {
  const [open, name, colon, type] = list.slice(i, i + 4);
  const fits = open?.text === '{' && name?.kind === 'word' && colon?.text === ':' && type?.kind === 'word';
  return fits ? name.text : undefined;
}

function literal(name: string, type: string, value: string | undefined): string {
  if (value === undefined) throw new FrontError('UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set`);
  if (type === 'Identifier') return identifier(value);
  if (value === '\\N') return `CAST(NULL, ${quote(type)})`;
  const text = NESTED.test(type) ? value : unescape(value);
  return `CAST(${quote(text)}, ${quote(type)})`;
}

/** Types whose text has its own quoting: the engine reads it as it is. */
const NESTED = /^(Array|Tuple|Map|Nested|Nullable\(Tuple)\b/;

/** A name, or names joined by dots, each quoted. */
function identifier(value: string): string {
  if (value === '') throw new FrontError('BAD_QUERY_PARAMETER', 'An empty value cannot be an identifier');
  return unescape(value)
    .split('.')
    .map((part) => `\`${part.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``)
    .join('.');
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  r: '\r',
  n: '\n',
  t: '\t',
  0: '\0',
  a: '\x07',
  v: '\v',
};

/** The Escaped format: a backslash before a letter of the table above, or before the character itself. */
function unescape(value: string): string {
  return value.replace(/\\(x[0-9a-fA-F]{2}|[\s\S])/g, (_, e: string) =>
    e.length === 3 ? String.fromCharCode(parseInt(e.slice(1), 16)) : (ESCAPES[e] ?? e),
  );
}
