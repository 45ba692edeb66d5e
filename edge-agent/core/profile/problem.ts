/** What is wrong with a profile, told so that it can be mended without reading our source. */

export type Path = readonly (string | number)[];

/** A finding before it has a place: path into the profile, the value there, what should be there. */
export interface Issue {
  readonly path: Path;
  readonly value: unknown;
  readonly expected: string;
  readonly suggestion?: string;
  /** The finding is about the key itself, not about its value. */
  readonly atKey?: boolean;
}

export interface Place {
  readonly file: string;
  /** 1.. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** Such as devices[0].points[2].type; empty for the whole file. */
  readonly path: string;
  /** JSON of the value found, shortened; empty when there is none. */
  readonly value: string;
  readonly expected: string;
  /** Closest known name, empty when none is close. */
  readonly suggestion: string;
}

const MAX_VALUE_CHARS = 60;

export function problem(issue: Issue, place: Place): Problem {
  return {
    ...place,
    path: pathText(issue.path),
    value: shown(issue.value),
    expected: issue.expected,
    suggestion: issue.suggestion ?? '',
  };
}

/** One line: file:line:column: path: value, expected. */
export function problemText(p: Problem): string {
  const what = [p.path, p.value && `got ${p.value}`].filter(Boolean).join(': ');
  const hint = p.suggestion && `; did you mean ${p.suggestion}?`;
  return `${p.file}:${p.line}:${p.column}: ${what && `${what}, `}expected ${p.expected}${hint}`;
}

export function pathText(path: Path): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : i === 0 ? p : `.${p}`)).join('');
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
