/**
 * Readings at their places in a block of `in_series`. First every series gets its place, for it is known how many readings
 * it has; then readings are written to their places in the order of the log, which reads and writes nearly in sequence.
 * Series that did not come in order of time, and text, are gathered one by one. Rows are marked on the way.
 */
import { Longs, Strings, Words } from './columns';
import { Cursor } from './cursor';
import { type Memory } from './memory';
import { passValue, type Readings, SEQ_MODULUS, type Series } from './readings';

const MINUTE_MS = 60_000;
/** Of a reading, beside its value: sequence number, receipt, offset, time, quality. */
const BYTES_EACH = 4 + 4 + 4 + 2 + 1;

/** A reading that is written by itself. */
interface Single {
  readonly i: number;
  readonly frame: number;
  readonly valueAt: number;
  readonly quality: number;
}

export class Placed {
  private readonly c = new Cursor();
  private readonly view: DataView;
  /** As the tables have them. */
  readonly series: readonly Series[];
  /** Of every series, by its index: whether its readings are written as they come, and where the next one goes. */
  private readonly straight: Uint8Array;
  private readonly next: Int32Array;
  private readonly nextValue: Int32Array;
  /** The row under way: when its minute begins and ends, and what differences are taken from. */
  private readonly since: Float64Array;
  private readonly until: Float64Array;
  private readonly firstSeq: Float64Array;
  private readonly firstReceived: Float64Array;
  /** Of every row, in the order in which they were begun: its series, the frame and place of its first reading. */
  readonly rowSeries: number[] = [];
  readonly rowFrame: number[] = [];
  readonly rowStart: number[] = [];
  readonly rowMinute: number[] = [];
  /** Rows of every series, by its index. */
  readonly rowsOf: Int32Array;
  readonly dt: Uint16Array;
  readonly quality: Uint8Array;
  readonly seqs: Int32Array;
  readonly receiveds: Int32Array;
  readonly offsets: Int32Array;
  /** Doubles, as two words each: that leaves the bits of a NaN alone. */
  readonly numbers: Int32Array;
  readonly integers: Int32Array<ArrayBuffer>;
  private readonly words: Words;
  private readonly long: Longs;
  readonly texts = new Strings();

  constructor(
    private readonly r: Readings,
    memory: Memory,
  ) {
    this.c.over(r.buf, 0, r.buf.length);
    this.view = new DataView(r.buf.buffer, r.buf.byteOffset, r.buf.length);
    this.series = this.sortedSeries();
    this.straight = new Uint8Array(r.series);
    this.next = new Int32Array(r.series);
    this.nextValue = new Int32Array(r.series);
    this.since = new Float64Array(r.series);
    this.until = new Float64Array(r.series).fill(-Infinity);
    this.firstSeq = new Float64Array(r.series);
    this.firstReceived = new Float64Array(r.series);
    this.rowsOf = new Int32Array(r.series);
    const n = r.count;
    const [numbers, integers] = this.places();
    const piece = memory.take(8 * (numbers + integers) + BYTES_EACH * n);
    this.numbers = new Int32Array(piece, 0, 2 * numbers);
    this.integers = new Int32Array(piece, 8 * numbers, 2 * integers);
    const rest = 8 * (numbers + integers);
    this.seqs = new Int32Array(piece, rest, n);
    this.receiveds = new Int32Array(piece, rest + 4 * n, n);
    this.offsets = new Int32Array(piece, rest + 8 * n, n);
    this.dt = new Uint16Array(piece, rest + 12 * n, n);
    this.quality = new Uint8Array(piece, rest + 14 * n, n).fill(0);
    this.words = new Words(0, this.integers);
    this.long = new Longs(this.words);
    this.scatter();
    this.gather();
  }

  private sortedSeries(): Series[] {
    const all = sorted(this.r.sources, (s) => [this.text(s.tenantAt), this.text(s.deviceAt)]);
    return all.flatMap(({ series }) => sorted(series, (s) => [this.text(s.metricAt)])).filter((s) => s.count > 0);
  }

  private text(at: number): string {
    this.c.pos = at;
    const length = this.c.readLong();
    return this.r.buf.toString('latin1', this.c.pos, this.c.pos + length);
  }

  /** Gives every series its places; how many values there are of each kind. */
  private places(): [number, number, number] {
    const values: [number, number, number] = [0, 0, 0];
    let readings = 0;
    for (const { index, kind, count, ordered } of this.series) {
      this.straight[index] = ordered && kind !== 2 ? 1 : 0;
      this.next[index] = readings;
      this.nextValue[index] = values[kind];
      readings += count;
      values[kind] += count;
    }
    return values;
  }

  private scatter(): void {
    const { r, straight } = this;
    const { seriesOf, frameOf, startOf, valuesAt, graded } = r.notes;
    const kindOf = this.kinds();
    for (let s = 0; s < r.stretches; s++) {
      const series = seriesOf[s]!;
      if (straight[series] === 0) continue;
      const start = startOf[s]!;
      const end = startOf[s + 1]!;
      const place = this.next[series]!;
      if (graded[s] !== 0) this.quality.set(r.notes.quality.subarray(start, end), place);
      this.readings(series, frameOf[s]!, start, end);
      if (kindOf[series] === 0) this.doubles(series, valuesAt[s]!, end - start);
      else this.longs(series, valuesAt[s]!, end - start);
    }
  }

  private kinds(): Uint8Array {
    const kinds = new Uint8Array(this.r.series);
    for (const { index, kind } of this.series) kinds[index] = kind;
    return kinds;
  }

  /** Readings of one frame that follow those before. */
  private readings(series: number, frame: number, start: number, end: number): void {
    const { r, dt, seqs, receiveds, offsets } = this;
    const { time } = r.notes;
    const offset = r.offset[frame]!;
    let seq = r.seq[frame]! - this.firstSeq[series]!;
    let received = r.received[frame]! - this.firstReceived[series]!;
    let since = this.since[series]!;
    const fits = seq === (seq | 0) && received === (received | 0);
    let until = fits ? this.until[series]! : -Infinity;
    let k = this.next[series]!;
    for (let i = start; i < end; i++, k++) {
      const t = time[i]!;
      if (t >= until) {
        this.begin(series, frame, t, k);
        since = this.since[series]!;
        until = this.until[series]!;
        seq = received = 0;
      }
      dt[k] = t - since;
      seqs[k] = seq;
      receiveds[k] = received;
      offsets[k] = offset;
    }
    this.next[series] = k;
  }

  private begin(series: number, frame: number, t: number, place: number): void {
    const minute = Math.floor(t / MINUTE_MS);
    const since = minute * MINUTE_MS;
    this.since[series] = since;
    this.until[series] = since + MINUTE_MS;
    this.firstSeq[series] = this.r.seq[frame]!;
    this.firstReceived[series] = this.r.received[frame]!;
    this.rowSeries.push(series);
    this.rowFrame.push(frame);
    this.rowStart.push(place);
    this.rowMinute.push(minute);
    this.rowsOf[series]!++;
  }

  private doubles(series: number, at: number, n: number): void {
    const { view, numbers } = this;
    let k = 2 * this.nextValue[series]!;
    for (let from = at; from < at + 8 * n; from += 8) {
      numbers[k++] = view.getInt32(from, true);
      numbers[k++] = view.getInt32(from + 4, true);
    }
    this.nextValue[series]! += n;
  }

  private longs(series: number, at: number, n: number): void {
    this.c.pos = at;
    this.words.at = 2 * this.nextValue[series]!;
    this.long.take(this.c, n);
    this.nextValue[series]! += n;
  }

  private gather(): void {
    const left = this.series.filter((s) => this.straight[s.index] === 0);
    if (left.length === 0) return;
    const singles = this.singles(left);
    for (const { index, kind, ordered } of left) {
      const own = singles.get(index)!;
      for (const { i, frame, valueAt, quality } of ordered ? own : this.inOrder(own)) {
        this.quality[this.next[index]!] = quality;
        this.readings(index, frame, i, i + 1);
        this.c.pos = valueAt;
        if (kind === 0) this.doubles(index, valueAt, 1);
        else if (kind === 1) this.longs(index, valueAt, 1);
        else this.texts.take(this.c, 1);
      }
    }
  }

  private singles(of: readonly Series[]): Map<number, Single[]> {
    const { r, c } = this;
    const { seriesOf, frameOf, startOf, valuesAt, graded, quality } = r.notes;
    const found = new Map(of.map((s) => [s.index, { kind: s.kind, list: [] as Single[] }]));
    for (let s = 0; s < r.stretches; s++) {
      const own = found.get(seriesOf[s]!);
      if (!own) continue;
      c.pos = valuesAt[s]!;
      for (let i = startOf[s]!; i < startOf[s + 1]!; i++) {
        own.list.push({ i, frame: frameOf[s]!, valueAt: c.pos, quality: graded[s] === 0 ? 0 : quality[i]! });
        passValue(c, own.kind);
      }
    }
    return new Map([...found].map(([index, { list }]) => [index, list]));
  }

  /** Readings of a series by time, then by the low bits of their sequence number, then as the log has them. */
  private inOrder(list: Single[]): Single[] {
    const { seq, notes } = this.r;
    const low = (s: Single): number => seq[s.frame]! % SEQ_MODULUS;
    return list.sort((a, b) => notes.time[a.i]! - notes.time[b.i]! || low(a) - low(b) || a.i - b.i);
  }
}

/** By the bytes of the names, as the engine compares them. */
function sorted<T>(list: readonly T[], names: (item: T) => string[]): T[] {
  const named = list.map((item) => ({ item, names: names(item) }));
  return named.sort((a, b) => compare(a.names, b.names)).map(({ item }) => item);
}

function compare(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((name, k) => name !== b[k]);
  return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1;
}
