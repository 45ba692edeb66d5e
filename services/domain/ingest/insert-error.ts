/** What to do about an insert that failed, by the engine's error code. */

/**
 * wait: the same insert may succeed later (down, busy, full, read-only, not migrated yet).
 * content: the engine could not read these bytes, and never will.
 * doubtful: either of the two; who searches for messages that are refused finds out (find-refused.ts).
 */
export type InsertFailure = 'wait' | 'content' | 'doubtful';

/** Codes by which the engine refuses bytes while it parses them, before any row is written (src/Common/ErrorCodes.cpp). */
const CONTENT = new Set([
  6, // CANNOT_PARSE_TEXT
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  131, // TOO_LARGE_STRING_SIZE
]);
/** STD_EXCEPTION: what the Avro library throws at bytes it cannot read, and any other part of the engine at any bytes. */
const ANY_EXCEPTION = 1001;

/** `engineCode` is undefined when no answer came: refused connections, resets, timeouts. */
export function classifyInsertFailure(engineCode: number | undefined): InsertFailure {
  if (engineCode === ANY_EXCEPTION) return 'doubtful';
  return engineCode !== undefined && CONTENT.has(engineCode) ? 'content' : 'wait';
}

/** Short reasons for /readyz; anything else is shown as the engine says it. */
const REASONS: Readonly<Record<number, string>> = {
  0: 'it answers that all is well, but not of all rows',
  60: 'a table is missing',
  81: 'the database is missing',
  159: 'the engine times out',
  164: 'the user is read-only',
  193: 'the password is wrong',
  202: 'too many queries at once',
  241: 'the engine is out of memory',
  242: 'a table is read-only',
  243: 'the disk is full',
  252: 'too many parts',
  497: 'the user has no right to insert',
  516: 'the engine refuses the user',
  774: 'a table is read-only',
};

export function describeInsertFailure(engineCode: number | undefined, message: string): string {
  if (engineCode === undefined) return `ClickHouse does not answer: ${message}`;
  return `${REASONS[engineCode] ?? 'ClickHouse refuses'} (code ${engineCode}): ${message.slice(0, 200)}`;
}
