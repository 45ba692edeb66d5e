/**
 * Lines of a log of candump -l: `(seconds.microseconds) interface id#data`, FD `id##flags data`, remote `id#R`. Pure.
 * An id of 8 digits has 29 bits, one of 3 has 11.
 */
import { type CanFrame, MAX_EXTENDED_ID, MAX_STANDARD_ID } from './frame';

const LINE =
  /^\s*\((\d{1,12})\.(\d{1,9})\)\s+(\S+)\s+([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#(?:(R)\d?|#[0-9A-Fa-f]((?:[0-9A-Fa-f]{2}){0,64})|((?:[0-9A-Fa-f]{2}){0,8}))(?:\s+[RT])?\s*$/;
const ERROR = 0x20000000;

/** Undefined: no frame, or an error report. */
export function frameOfLine(line: string): (CanFrame & { readonly at: number }) | undefined {
  const [, seconds, fraction, , id = '', remote, fd, classic] = LINE.exec(line) ?? [];
  if (seconds === undefined || fraction === undefined) return undefined;
  const extended = id.length === 8;
  const word = parseInt(id, 16);
  if (extended && (word & ERROR) !== 0) return undefined;
  const number = word & (extended ? MAX_EXTENDED_ID : MAX_STANDARD_ID);
  const at = Number(seconds) * 1_000 + Math.floor(Number(fraction.padEnd(9, '0')) / 1e6);
  return { id: number, extended, remote: remote !== undefined, data: Buffer.from(fd ?? classic ?? '', 'hex'), at };
}
