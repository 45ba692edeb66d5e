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
const NOTHING = Buffer.alloc(0);

export class LineSplitter {
  private number = 0;
  private begun: Buffer[] = [];
  private begun_bytes = 0;

  /** The lines that this piece completes; blank ones are counted and left out. */
  feed(piece: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let to = piece.indexOf(NEWLINE); to >= 0; to = piece.indexOf(NEWLINE, from)) {
      const line = this.begun_bytes === 0 ? this.whole(piece, from, to) : this.joined(piece.subarray(from, to));
      if (line.text !== '') lines.push(line);
      from = to + 1;
    }
    this.keep(piece.subarray(from));
    return lines;
  }

  /** The last line, when it does not end with a newline. */
  end(): Line[] {
    if (this.begun_bytes === 0) return [];
    const line = this.joined(NOTHING);
    return line.text === '' ? [] : [line];
  }

  /** A line that lies in one piece, as nearly all do: read where it is. */
  private whole(piece: Buffer, from: number, to: number): Line {
    const text = to - from > MAX_LINE_BYTES ? undefined : piece.toString('utf8', from, to).trim();
    return { number: ++this.number, text };
  }

  private keep(part: Buffer): void {
    this.begun_bytes += part.length;
    if (this.begun_bytes > MAX_LINE_BYTES) this.begun = [];
    else if (part.length > 0) this.begun.push(part);
  }

  private joined(rest: Buffer): Line {
    this.keep(rest);
    const text = this.begun_bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(this.begun).toString().trim();
    this.begun = [];
    this.begun_bytes = 0;
    return { number: ++this.number, text };
  }
}
