/** Lines of a body that arrives in pieces: newline-delimited JSON (NDJSON). Pure. */

/** A longer line is told as such and passed over; the next one is read again. */
export const MAX_LINE_BYTES = 65_536;

export interface Line {
  /** 1.. */
  readonly number: number;
  /** Undefined when the line is longer than MAX_LINE_BYTES. */
  readonly text: string | undefined;
}

const NEWLINE = 10;

export class LineSplitter {
  private number = 0;
  private begun: Buffer[] = [];
  private begun_bytes = 0;

  /** The lines that this piece completes; blank ones are counted and left out. */
  feed(piece: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let to = piece.indexOf(NEWLINE); to >= 0; to = piece.indexOf(NEWLINE, from)) {
      this.keep(piece.subarray(from, to));
      lines.push(...this.finish());
      from = to + 1;
    }
    this.keep(piece.subarray(from));
    return lines;
  }

  /** The last line, when it does not end with a newline. */
  end(): Line[] {
    return this.begun_bytes === 0 ? [] : this.finish();
  }

  private keep(part: Buffer): void {
    this.begun_bytes += part.length;
    if (this.begun_bytes > MAX_LINE_BYTES) this.begun = [];
    else if (part.length > 0) this.begun.push(part);
  }

  private finish(): Line[] {
    const number = ++this.number;
    const text = this.begun_bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(this.begun).toString().trim();
    this.begun = [];
    this.begun_bytes = 0;
    return text === '' ? [] : [{ number, text }];
  }
}
