/** Where a command writes: data on stdout, progress and complaints on stderr. Colour only for people who want it. */

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** stdout is a terminal: tables for people rather than lines for programs. */
  readonly outTty: boolean;
  readonly errTty: boolean;
  readonly color: { readonly out: boolean; readonly err: boolean };
  /** Whether questions may be asked. */
  readonly input: boolean;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

export function styled(text: string, style: Style, on: boolean): string {
  const [open, close] = CODES[style];
  return on ? `\u001b[${open}m${text}\u001b[${close}m` : text;
}

/** NO_COLOR (any value) is off; FORCE_COLOR is on; otherwise a terminal that is not dumb. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, tty: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return tty && env['TERM'] !== 'dumb';
}

export type Cell = string | number | null | undefined;

/** Columns as wide as their widest cell; numbers to the right. No trailing blanks. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = (c: Cell): string => (c === null || c === undefined || c === '' ? '-' : String(c));
  const width = header.map((h, i) => Math.max(h.length, ...rows.map((r) => text(r[i]).length)));
  const numeric = header.map((_, i) => rows.length > 0 && rows.every((r) => typeof (r[i] ?? 0) === 'number'));
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((c, i) => (numeric[i] ? text(c).padStart(width[i] ?? 0) : text(c).padEnd(width[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(header), ...rows.map(line)].join('\n')}\n`;
}

export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** `850 ms`, `2.4 s`, `3 min 05 s`, `2 h 05 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  const [s, min, h] = [Math.floor(ms / 1_000), Math.floor(ms / 60_000), Math.floor(ms / 3_600_000)];
  if (min < 60) return `${min} min ${pad(s % 60)} s`;
  if (h < 48) return `${h} h ${pad(min % 60)} min`;
  return `${Math.floor(h / 24)} d ${h % 24} h`;
}
