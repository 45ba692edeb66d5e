/**
 * The line protocol of serial CAN converters (LAWICEL, "slcan"): ASCII, each line ended by CR, a refusal told by BEL. Pure.
 *   t<id 3><length 1><data 2 each>   T<id 8>…   r, R: remote, without data;   then perhaps a time of 4 digits
 *   S0…S8 bits a second · O open · C close · answers: CR, or z CR and Z CR to a frame that was sent
 */
import { type CanFrame, FrameError, MAX_EXTENDED_ID, MAX_STANDARD_ID } from './frame';

export type Line =
  { readonly kind: 'frame'; readonly frame: CanFrame } | { readonly kind: 'done' | 'refused' | 'noise' };

const CR = 0x0d;
const BEL = 0x07;
/** The longest line is T, 8, 1, 16 and 4 digits. */
const MAX_LINE_BYTES = 40;

export const BITRATES: Readonly<Record<number, string>> = {
  ...{ 10_000: 'S0', 20_000: 'S1', 50_000: 'S2', 100_000: 'S3', 125_000: 'S4' },
  ...{ 250_000: 'S5', 500_000: 'S6', 800_000: 'S7', 1_000_000: 'S8' },
};

/** Cuts what comes into lines; what is no line of the protocol is noise, and over at the next end of a line. */
export class SlcanReader {
  private line = '';
  private overlong = false;

  feed(bytes: Buffer): Line[] {
    const lines: Line[] = [];
    for (const byte of bytes) {
      if (byte === BEL) {
        lines.push({ kind: 'refused' });
        this.forget();
      } else if (byte === CR) {
        lines.push(this.overlong ? { kind: 'noise' } : lineOf(this.line));
        this.forget();
      } else if (this.line.length < MAX_LINE_BYTES) this.line += String.fromCharCode(byte);
      else this.overlong = true;
    }
    return lines;
  }

  private forget(): void {
    this.line = '';
    this.overlong = false;
  }
}

function lineOf(line: string): Line {
  if (line === '' || line === 'z' || line === 'Z') return { kind: 'done' };
  const [, kind = '', id = '', size = '', digits = ''] =
    /^([tr])([0-9A-Fa-f]{3})([0-8])((?:[0-9A-Fa-f]{2})*)$/.exec(line) ??
    /^([TR])([0-9A-Fa-f]{8})([0-8])((?:[0-9A-Fa-f]{2})*)$/.exec(line) ??
    [];
  const extended = kind === 'T' || kind === 'R';
  const remote = kind === 'r' || kind === 'R';
  const bytes = remote ? 0 : Number(size);
  const number = parseInt(id, 16);
  const rest = digits.length - 2 * bytes;
  if (kind === '' || (rest !== 0 && rest !== 4) || number > (extended ? MAX_EXTENDED_ID : MAX_STANDARD_ID))
    return { kind: 'noise' };
  const data = Buffer.from(digits.slice(0, 2 * bytes), 'hex');
  return { kind: 'frame', frame: { id: number, extended, remote, data } };
}

/** Throws FrameError when the line protocol cannot carry it. */
export function encodeLine({ id, extended, remote, data }: CanFrame): Buffer {
  if (data.length > 8) throw new FrameError('a frame of CAN FD does not go over slcan');
  const letter = remote ? (extended ? 'R' : 'r') : extended ? 'T' : 't';
  const name = id
    .toString(16)
    .toUpperCase()
    .padStart(extended ? 8 : 3, '0');
  const digits = remote ? '' : data.toString('hex').toUpperCase();
  return Buffer.from(`${letter}${name}${data.length}${digits}\r`, 'latin1');
}
