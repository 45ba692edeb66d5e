/**
 * Reads Avro's binary grammar without building anything. Every method returns false (or -1) where the bytes end too
 * soon or say something the grammar forbids, as the engine's own reader would refuse them: then the whole block is lost.
 *   long = 1..10 bytes, seven bits each, lowest first, the highest bit says that more follow; zigzag
 *   int  = a long of at most 5 bytes that fits 32 bits
 */
export class Cursor {
  buf: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;

  over(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf;
    this.pos = start;
    this.end = end;
  }

  skip(bytes: number): boolean {
    this.pos += bytes;
    return this.pos <= this.end;
  }

  skipLong(): boolean {
    const { buf, end } = this;
    const last = this.pos + 9;
    for (let p = this.pos; p < end && p <= last; p++)
      if (buf[p]! < 0x80) {
        this.pos = p + 1;
        return p < last || buf[p]! <= 1;
      }
    return false;
  }

  skipInt(): boolean {
    const { buf, end } = this;
    const last = this.pos + 4;
    for (let p = this.pos; p < end && p <= last; p++)
      if (buf[p]! < 0x80) {
        this.pos = p + 1;
        return p < last || buf[p]! <= 0x0f;
      }
    return false;
  }

  /** A number, exact up to 2^53 and near beyond; NaN where the bytes are no long. */
  readLong(): number {
    const { buf, end } = this;
    let p = this.pos;
    if (p >= end) return NaN;
    let b = buf[p++]!;
    let low = b & 0x7f;
    for (let shift = 7; b >= 0x80; shift += 7) {
      if (p >= end) return NaN;
      b = buf[p++]!;
      if (shift === 28) return this.readLongLong(low, b, p);
      low |= (b & 0x7f) << shift;
    }
    this.pos = p;
    return (low >>> 1) ^ -(low & 1);
  }

  /** The rest of a long whose first four bytes gave `low`; `b` is the fifth and `p` comes after it. */
  private readLongLong(low: number, b: number, p: number): number {
    const { buf, end } = this;
    let value = low + (b & 0x7f) * 2 ** 28;
    for (let n = 6; b >= 0x80; n++) {
      if (p >= end || n > 10) return NaN;
      b = buf[p++]!;
      if (n === 10 && b > 1) return NaN;
      value += (b & 0x7f) * 2 ** (7 * (n - 1));
    }
    this.pos = p;
    const half = Math.floor(value / 2);
    return low & 1 ? -half - 1 : half;
  }

  /** Skips a string or bytes. */
  skipBytes(): boolean {
    const n = this.readLong();
    return n >= 0 && this.skip(n);
  }

  /**
   * Number of items in the next block of an array or map, 0 at its end, -1 where the bytes are no block. A negative
   * count is followed by the block's size, which is not needed here.
   */
  readBlockCount(): number {
    const n = this.readLong();
    if (n >= 0) return n;
    if (n < 0 && this.skipLong()) return -n;
    return -1;
  }
}
