/**
 * Large pieces of memory that are used again. Fresh memory is got from the kernel page by page, which for the bytes of a
 * batch takes longer than to write them; and it makes the collector of garbage look around.
 */

/** Smaller ones are not worth keeping. */
const LEAST_BYTES = 1024 * 1024;

export class Memory {
  private kept: ArrayBuffer[] = [];

  /** @param pieces so many are kept while they are not in use: the largest */
  constructor(
    private readonly pieces: number,
    private readonly least_bytes = LEAST_BYTES,
  ) {}

  /** At least so many bytes; what was in them before is still there. */
  take(bytes: number): ArrayBuffer {
    if (bytes < this.least_bytes) return new ArrayBuffer(bytes);
    const i = this.kept.findIndex((piece) => piece.byteLength >= bytes);
    return i >= 0 ? this.kept.splice(i, 1)[0]! : new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** The piece that the bytes lie in. Nobody may look at it any more. */
  give({ buffer: piece }: Uint8Array): void {
    if (!(piece instanceof ArrayBuffer) || piece.byteLength < this.least_bytes) return;
    this.kept = [...this.kept, piece].sort((a, b) => a.byteLength - b.byteLength).slice(-this.pieces);
  }
}
