/** Length-prefixed bytes, pure. Integers are unsigned LEB128 up to 2^53 - 1; text is UTF-8 behind its length. */

const INITIAL_BYTES = 16 * 1024;
const LOW_BITS = 0x80;

/** Grows as it is written; `mark` and `rewind` take back what a failed append wrote. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  length = 0;

  uint(n: number): void {
    this.reserve(8);
    let rest = n;
    while (rest >= LOW_BITS) {
      this.buffer[this.length++] = (rest % LOW_BITS) | LOW_BITS;
      rest = Math.floor(rest / LOW_BITS);
    }
    this.buffer[this.length++] = rest;
  }

  text(s: string): void {
    const bytes = Buffer.byteLength(s);
    this.uint(bytes);
    this.reserve(bytes);
    this.length += this.buffer.write(s, this.length, bytes, 'utf8');
  }

  bytes(b: Uint8Array): void {
    this.uint(b.length);
    this.raw(b);
  }

  /** Without their length. */
  raw(b: Uint8Array): void {
    this.reserve(b.length);
    this.buffer.set(b, this.length);
    this.length += b.length;
  }

  rewind(length: number): void {
    this.length = length;
  }

  /** What was written: a view, good until the next write. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

/** Reads what ByteWriter wrote. Throws RangeError on bytes that cannot have come from it. */
export class ByteReader {
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  get done(): boolean {
    return this.at >= this.buffer.length;
  }

  uint(): number {
    let n = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.buffer[this.at++];
      if (byte === undefined) throw new RangeError('integer cut short');
      n += (byte & 0x7f) * scale;
      if (byte < LOW_BITS) {
        if (n > Number.MAX_SAFE_INTEGER) break;
        return n;
      }
      scale *= LOW_BITS;
    }
    throw new RangeError('integer too long');
  }

  text(): string {
    const length = this.uint();
    return this.take(length).toString('utf8');
  }

  bytes(): Buffer {
    return this.take(this.uint());
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.buffer.length) throw new RangeError('bytes cut short');
    const taken = this.buffer.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}
