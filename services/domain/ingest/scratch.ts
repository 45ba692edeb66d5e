/**
 * What is noted of a batch's readings while it is laid out, kept for the next batch: fresh memory of this size costs more
 * than writing it. What an earlier batch left is never read: a batch notes everything that it looks at.
 */

const FIRST_ROOM = 4_096;

export class Scratch {
  /** Of every reading: ms since 1970-01-01 UTC. */
  time = new Float64Array(FIRST_ROOM);
  /** Of every reading, in stretches that are graded; the others have none, which is good. */
  quality = new Uint8Array(FIRST_ROOM);
  /**
   * Of every stretch, what one frame has of one series: the series, the frame, its first reading (the next stretch begins
   * where it ends), where its values lie, and whether it is graded.
   */
  seriesOf = new Int32Array(FIRST_ROOM);
  frameOf = new Int32Array(FIRST_ROOM);
  startOf = new Int32Array(FIRST_ROOM);
  valuesAt = new Int32Array(FIRST_ROOM);
  graded = new Uint8Array(FIRST_ROOM);

  /** Makes room for so many readings and stretches, and the end of the last. */
  room(readings: number, stretches: number): void {
    if (readings > this.time.length) this.growReadings(readings);
    if (stretches >= this.startOf.length) this.growStretches(stretches + 1);
  }

  note(stretch: number, series: number, frame: number, valuesAt: number, graded: number, end: number): void {
    this.seriesOf[stretch] = series;
    this.frameOf[stretch] = frame;
    this.startOf[stretch + 1] = end;
    this.valuesAt[stretch] = valuesAt;
    this.graded[stretch] = graded > 0 ? 1 : 0;
  }

  private growReadings(n: number): void {
    const length = Math.max(n, 2 * this.time.length);
    this.time = grown(new Float64Array(length), this.time);
    this.quality = grown(new Uint8Array(length), this.quality);
  }

  private growStretches(n: number): void {
    const length = Math.max(n, 2 * this.startOf.length);
    this.seriesOf = grown(new Int32Array(length), this.seriesOf);
    this.frameOf = grown(new Int32Array(length), this.frameOf);
    this.startOf = grown(new Int32Array(length), this.startOf);
    this.valuesAt = grown(new Int32Array(length), this.valuesAt);
    this.graded = grown(new Uint8Array(length), this.graded);
  }
}

function grown<T extends Float64Array | Uint8Array | Int32Array>(to: T, from: T): T {
  to.set(from);
  return to;
}
