/** Messages that could not be processed: which, why, and back to where they came from once the cause is mended. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseLogin, loginFrom, queryText } from '../../local/clickhouse-query';
import { Brood } from '../children';
import { type Context, contextForSql, lastRun, ofStreamAndSql } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';
import { remoteLetters } from './dead-letters-remote';

export interface Filter {
  readonly topic?: string;
  readonly code?: string;
  /** ISO time, or an age such as 2h. */
  readonly since?: string;
  readonly limit?: string;
}
export interface Json {
  readonly json?: boolean;
}
export interface ReplayOptions extends Filter, Json {
  readonly dryRun?: boolean;
  readonly confirm?: boolean;
}

/** A row of the view dead_letters; bytes in hex, which lists of an API leave out. */
export interface DeadLetter {
  readonly source_topic: string;
  readonly source_partition: number;
  readonly source_offset: string;
  readonly source_timestamp: string;
  readonly consumer: string;
  readonly code: string;
  readonly reason: string;
  readonly at: string;
  readonly key_hex?: string | null;
  readonly value_hex?: string | null;
  readonly headers_hex?: Readonly<Record<string, string>>;
}

/** Where they are kept: this instance's own tables, or a platform's API. */
export interface Letters {
  /** Newest first. */
  find(filter: Filter, limit: number): Promise<DeadLetter[]>;
  /** By topic:partition:offset; undefined when it is no dead letter. */
  one(message: string): Promise<DeadLetter | undefined>;
  /** Sends back what `messages` name, none twice; the exit code. */
  sendBack(messages: readonly string[], asJson: boolean): Promise<number>;
}

/** A context is a platform elsewhere, unless a ClickHouse is named. */
const lettersOf = (context: Context): Letters =>
  contextForSql(context) === undefined ? ownLetters(context) : remoteLetters(context);

const DEFAULT_LIMIT = 100;
/** One call sends back at most so many; call it again for more. */
const MAX_LIMIT = 10_000;
/** The projector says so in the reason when it could not keep all of a message (dead-letter.avsc). */
const CUT = /\(value cut from \d+ bytes\)$/;

export async function list(context: Context, options: Filter & Json): Promise<number> {
  const letters = await lettersOf(context).find(options, limitOf(options));
  if (options.json) context.io.out(json(letters.map(withCoordinates)));
  else if (letters.length === 0) context.io.err('no dead letters\n');
  else
    context.io.out(
      table(
        ['MESSAGE', 'REFUSED AT', 'CODE', 'REASON'],
        letters.map((l) => [coordinates(l), l.at, l.code, l.reason]),
      ),
    );
  return EXIT.ok;
}

export async function show(context: Context, message: string, options: Json): Promise<number> {
  const letter = await named(lettersOf(context), message);
  if (options.json) {
    context.io.out(json(withCoordinates(letter)));
    return EXIT.ok;
  }
  const { key_hex = null, value_hex = null, headers_hex = {}, ...plain } = letter;
  const headers = Object.entries(headers_hex).map(([name, hex]) => `${name}=${textOf(hex)}`);
  const lines = {
    ...plain,
    key: key_hex === null ? '(none)' : textOf(key_hex),
    headers: headers.join(', ') || '(none)',
  };
  for (const [name, value] of Object.entries(lines)) context.io.out(`${name.padEnd(17)} ${value}\n`);
  context.io.out(value_hex === null ? 'value             (none)\n' : `value\n${dump(Buffer.from(value_hex, 'hex'))}`);
  return EXIT.ok;
}

/**
 * Sends messages back as they were, key, value and headers, with one header more; none of them twice. Given by
 * coordinates, or by filter.
 */
export async function replay(context: Context, messages: readonly string[], options: ReplayOptions): Promise<number> {
  const source = lettersOf(context);
  const letters =
    messages.length > 0
      ? await Promise.all(messages.map((m) => named(source, m)))
      : await source.find(filtered(options), limitOf(options));
  const whole = letters.filter((l) => !CUT.test(l.reason));
  for (const l of letters.filter((letter) => CUT.test(letter.reason)))
    context.io.err(`${coordinates(l)} was too long to be kept whole: left out\n`);
  if (options.dryRun || (messages.length === 0 && !options.confirm)) {
    context.io.out(whole.map((l) => `${coordinates(l)}\n`).join(''));
    context.io.err(`would send back ${whole.length}${options.dryRun ? '' : ': add --confirm to do it'}\n`);
    return options.dryRun ? EXIT.ok : EXIT.usage;
  }
  const code = await source.sendBack(whole.map(coordinates), options.json === true);
  return whole.length === letters.length ? code : EXIT.failed;
}

/** In a process of its own, which sees to it that each is sent back once only, whoever asks how often. */
async function sendBack(context: Context, letters: readonly DeadLetter[], asJson: boolean): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-replay-'));
  const brood = new Brood('replay', context.env);
  try {
    const file = join(scratch, 'letters.ndjson');
    writeFileSync(file, letters.map((l) => `${JSON.stringify(l)}\n`).join(''), { mode: 0o600 });
    const module = join(context.projectRoot, 'dist', 'services', 'projector', 'replay', 'main.js');
    const args = [module, file, ...(asJson ? ['--json'] : [])];
    const { code, output } = await brood.run(process.execPath, args, { env: ofStreamAndSql(context), quiet: true });
    (code === 0 && asJson ? context.io.out : context.io.err)(output);
    return code === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await brood.sweep();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function named(letters: Letters, message: string): Promise<DeadLetter> {
  if (!MESSAGE.test(message)) {
    const hint = 'name it topic:partition:offset, as list does';
    throw new CliError('usage', 'dead-letters', `${message} names no message`, hint);
  }
  const letter = await letters.one(message);
  if (letter) return letter;
  throw new CliError('failed', 'dead-letters', `${message} is no dead letter`, 'see `millrace dead-letters list`');
}

const MESSAGE = /^(.+):(\d+):(\d+)$/;

function ownLetters(context: Context): Letters {
  const found = new Map<string, DeadLetter>();
  const ask = async (conditions: readonly string[], limit: number): Promise<DeadLetter[]> => {
    const letters = await find(context, conditions, limit);
    for (const l of letters) found.set(coordinates(l), l);
    return letters;
  };
  return {
    find: (filter, limit) => ask(conditionsOf(filter), limit),
    one: async (message) => {
      const [, topic = '', partition, offset] = MESSAGE.exec(message) ?? [];
      const where = [`source_topic = ${quote(topic)}`, `source_partition = ${partition}`, `source_offset = ${offset}`];
      return (await ask(where, 1))[0];
    },
    sendBack: (messages, asJson) =>
      sendBack(
        context,
        messages.flatMap((m) => found.get(m) ?? []),
        asJson,
      ),
  };
}

async function find(context: Context, conditions: readonly string[], limit: number): Promise<DeadLetter[]> {
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const sql = `SELECT source_topic, source_partition, toString(source_offset) AS source_offset, source_timestamp, consumer, code, reason, at,
    hex(key) AS key_hex, hex(value) AS value_hex, mapApply((k, v) -> (k, hex(v)), headers) AS headers_hex
    FROM (SELECT * FROM dead_letters ${where} ORDER BY at DESC, source_topic, source_partition, source_offset LIMIT ${limit})`;
  const text = await queryText(login(context), sql, 'JSONEachRow');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DeadLetter);
}

function conditionsOf({ topic, code, since }: Filter): string[] {
  const from = sinceOf(since, Date.now());
  return [
    ...(topic === undefined ? [] : [`source_topic = ${quote(topic)}`]),
    ...(code === undefined ? [] : [`code = ${quote(code)}`]),
    ...(from === undefined ? [] : [`at >= fromUnixTimestamp64Milli(${from})`]),
  ];
}

function filtered(options: Filter): Filter {
  if (options.topic !== undefined || options.code !== undefined || options.since !== undefined) return options;
  const hint = 'name messages (topic:partition:offset), or choose by --topic, --code or --since';
  throw new CliError('usage', 'dead-letters replay', 'which ones?', hint);
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** ms since 1970-01-01 UTC of `2h`, `7d` before now, or of an ISO time. */
export function sinceOf(since: string | undefined, now: number): number | undefined {
  if (since === undefined) return undefined;
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(since) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS_MS[unit] ?? 0);
  if (!Number.isNaN(Date.parse(since))) return Date.parse(since);
  throw new CliError('usage', 'dead-letters', `${since} is no time`, 'such as 2h, 7d or 2026-01-31T08:00:00Z');
}

function limitOf({ limit }: Filter): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  const n = Number(limit);
  if (Number.isInteger(n) && n > 0 && n <= MAX_LIMIT) return n;
  throw new CliError('usage', 'dead-letters', `--limit ${limit}`, `a number from 1 to ${MAX_LIMIT}`);
}

function login(context: Context): ClickHouseLogin {
  const found = loginFrom(context.env['CLICKHOUSE_URL'] ? context.env : { ...lastRun(context).facts });
  if (found) return found;
  const hint = 'set CLICKHOUSE_URL, or start with `millrace up`';
  throw new CliError('failed', 'dead-letters', 'no ClickHouse is known', hint);
}

const coordinates = (l: Pick<DeadLetter, 'source_topic' | 'source_partition' | 'source_offset'>): string =>
  `${l.source_topic}:${l.source_partition}:${l.source_offset}`;
const withCoordinates = (l: DeadLetter) => ({ message: coordinates(l), ...l });
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** As text where it is text, otherwise hex. */
function textOf(hex: string): string {
  const text = Buffer.from(hex, 'hex').toString('utf8');
  return /^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(text) && !text.includes('\ufffd') ? text : `0x${hex.toLowerCase()}`;
}

const DUMP_BYTES = 1_024;

function dump(value: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(value.length, DUMP_BYTES); at += 16) {
    const part = value.subarray(at, at + 16);
    const hex = [...part].map((b) => b.toString(16).padStart(2, '0')).join(' ');
    const text = [...part].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`  ${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}\n`);
  }
  const rest = value.length - DUMP_BYTES;
  return `${lines.join('')}${rest > 0 ? `  … ${rest} bytes more\n` : ''}`;
}
