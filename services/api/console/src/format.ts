/** Numbers, times, units and quotations as people read them. Pure. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `now`, `8 s`, `3 min`, `5 h`, `4 d`: of an age in ms. */
export function ageText(ms: number): string {
  if (ms < SECOND) return 'now';
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** Significant digits that a reading is worth; the exact value is in the table's title and in SQL. */
const DIGITS = 6;

export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '—';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return value.toLocaleString();
  return Number(value.toPrecision(DIGITS)).toLocaleString(undefined, { maximumFractionDigits: 6 });
}

export const countText = (n: number): string => Math.round(n).toLocaleString();

/** `0.4/s`, `12/s`, `1,250/s`. */
export const rateText = (perSecond: number): string =>
  `${perSecond >= 10 || perSecond === 0 ? Math.round(perSecond).toLocaleString() : perSecond.toFixed(1)}/s`;

/** UCUM codes that nobody says aloud. */
const UNITS: Readonly<Record<string, string>> = {
  Cel: '°C',
  '[degF]': '°F',
  '{rev}/min': 'rpm',
  '1/min': 'min⁻¹',
  m3: 'm³',
  'm3/h': 'm³/h',
  'W.h': 'Wh',
  'kW.h': 'kWh',
  Ohm: 'Ω',
  deg: '°',
};

/** As the device's documentation writes it where that is known, otherwise the UCUM code made readable. */
export const unitText = (unit: string, source = ''): string => UNITS[unit] ?? (source !== '' ? source : unit);

const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric' };

/** In the viewer's time zone; today's without its date. */
export function timeText(at: string | number | null | undefined, now: number): string {
  if (at === null || at === undefined) return '—';
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '—';
  const today = new Date(now).toDateString() === date.toDateString();
  return date.toLocaleString(undefined, today ? TIME : { ...DATE, ...TIME });
}

export const zoneName = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A literal of SQL. */
export const sqlText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** `./millrace` and its arguments. */
export const cli = (...words: readonly string[]): string => ['./millrace', ...words.map(shellWord)].join(' ');

/** `key=value` as `millrace command send` takes arguments. */
export const argumentWords = (args: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(args).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );

/** Longest command in a list; the whole of it is on its own screen. */
const LISTED_COMMAND = 80;

/** `set-setpoint value=72`, cut: a signed manifest is an argument, too. */
export function commandText(name: string, args: Readonly<Record<string, unknown>>): string {
  const whole = [name, ...argumentWords(args)].join(' ');
  return whole.length > LISTED_COMMAND ? `${whole.slice(0, LISTED_COMMAND)} …` : whole;
}

const BYTES_A_LINE = 16;

/** As `hexdump -C` writes bytes: offset, hex, text. */
export function hexDump(hex: string, max_bytes: number): string {
  const bytes = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, max_bytes); at += BYTES_A_LINE) {
    const part = bytes.slice(at, at + BYTES_A_LINE);
    const text = part.map((b) => parseInt(b, 16)).map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.'));
    const columns = part
      .join(' ')
      .toLowerCase()
      .padEnd(BYTES_A_LINE * 3 - 1);
    lines.push(`${at.toString(16).padStart(6, '0')}  ${columns}  ${text.join('')}`);
  }
  if (bytes.length > max_bytes) lines.push(`… ${bytes.length - max_bytes} bytes more`);
  return lines.join('\n');
}
