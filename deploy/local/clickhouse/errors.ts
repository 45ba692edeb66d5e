/** Errors as ClickHouse's HTTP interface tells them: `Code: N. DB::Exception: words. (NAME)`. */

/** The errors this front raises itself (src/Common/ErrorCodes.cpp). */
export const CODES = {
  BAD_ARGUMENTS: 36,
  UNKNOWN_SETTING: 115,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  TIMEOUT_EXCEEDED: 159,
  READONLY: 164,
  INCORRECT_DATA: 117,
  REQUIRED_PASSWORD: 194,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  NOT_ENOUGH_SPACE: 243,
  UNKNOWN_COMPRESSION_METHOD: 89,
  SESSION_NOT_FOUND: 372,
  SESSION_IS_LOCKED: 373,
  QUERY_WAS_CANCELLED: 394,
  UNKNOWN_QUERY_PARAMETER: 456,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  LIMIT_EXCEEDED: 290,
  BAD_QUERY_PARAMETER: 457,
  ABORTED: 236,
} as const;

export type FrontErrorCode = keyof typeof CODES;

/** A refusal by the front itself. `code` is ClickHouse's name of it. */
export class FrontError extends Error {
  readonly operation = 'http';
  readonly hint: string;

  constructor(
    readonly code: FrontErrorCode,
    message: string,
    options?: ErrorOptions & { hint?: string },
  ) {
    super(message, options);
    this.name = 'FrontError';
    this.hint = options?.hint ?? '';
  }
}

export interface Refusal {
  /** ClickHouse's number. */
  readonly code: number;
  readonly status: number;
  /** Body of the answer, without the line end. */
  readonly text: string;
}

/** How the error is told over HTTP. `version` is the engine's. */
export function refusal(error: unknown, version: string): Refusal {
  if (error instanceof FrontError) {
    const code = CODES[error.code];
    return { code, status: statusOf(code), text: worded(code, error.message, error.code, version) };
  }
  const message = error instanceof Error ? error.message : String(error);
  const found = /Code: (\d+)\. DB::Exception: /.exec(message);
  const code = found ? Number(found[1]) : 1002;
  const text = found
    ? withoutFiles(message.slice(found.index).trimEnd())
    : worded(code, message, 'UNKNOWN_EXCEPTION', version);
  return { code, status: statusOf(code), text: text.includes('(version ') ? text : `${text} (version ${version})` };
}

/** The front's own files in a statement are nobody's business. */
const withoutFiles = (text: string): string =>
  text
    .replaceAll(/\s*INTO OUTFILE '[^']*' TRUNCATE COMPRESSION 'none'/g, '')
    .replaceAll(/ FROM INFILE '[^']*' COMPRESSION 'none'/g, '')
    .replaceAll(/\(in file\/uri [^)]*\): /g, '');

function worded(code: number, message: string, name: string, version: string): string {
  return `Code: ${code}. DB::Exception: ${message.replace(/\.?$/, '.')} (${name}) (version ${version})`;
}

const BAD_REQUEST = new Set([
  6, 25, 26, 27, 36, 38, 41, 43, 44, 45, 49, 53, 62, 69, 70, 72, 79, 89, 117, 131, 190, 321, 376, 427, 456, 457, 469,
  675, 676,
]);
const FORBIDDEN = new Set([192, 193, 516, 497]);
const NOT_FOUND = new Set([16, 46, 47, 50, 56, 60, 63, 73, 81, 115, 372]);
const UNAVAILABLE = new Set([76, 202, 209, 236, 439]);
const OTHERS: Readonly<Record<number, number>> = { 48: 501, 159: 408, 164: 403, 194: 401, 243: 507, 290: 413 };

/** As HTTPHandler's exceptionCodeToHTTPStatus; 202 is 503 so that a client knows to come again. */
export function statusOf(code: number): number {
  if (BAD_REQUEST.has(code)) return 400;
  if (FORBIDDEN.has(code)) return 403;
  if (NOT_FOUND.has(code)) return 404;
  if (UNAVAILABLE.has(code)) return 503;
  return OTHERS[code] ?? 500;
}
