/**
 * Goes through frames once and notes what their readings are and where their values lie, in the order of the log, and
 * which series each belongs to. Only times and qualities are copied. The bytes must have been walked (walker.ts).
 */
import { Cursor } from './cursor';
import { type Scratch } from './scratch';

/** 0 number, 1 int64, 2 text: as the column `kind` has them. */
export type Kind = 0 | 1 | 2;

/** A device as one agent reports it. Names are said by where they lie in the bodies, length first. */
export interface Source {
  readonly tenantAt: number;
  readonly deviceAt: number;
  readonly agentAt: number;
  readonly series: Series[];
  readonly known: Map<string, Series>;
  /** The series of the frame before, in its order: nearly always this one's. */
  readonly before: Series[];
}

/** Readings of one metric of one source. */
export interface Series {
  readonly source: Source;
  readonly metricAt: number;
  readonly kind: Kind;
  /** How many series were met before it. */
  readonly index: number;
  count: number;
  /** The order of the log is the order of time, and at one instant of sequence numbers. */
  ordered: boolean;
  lastTime: number;
  lastSeq: number;
}

/** The tables order readings of one instant by so many low bits of the sequence number (`place`). */
export const SEQ_MODULUS = 0x10_0000;
const MAX_QUALITY = 255;

export class Readings {
  readonly c = new Cursor();
  readonly sources: Source[] = [];
  /** How many there are of each. */
  count = 0;
  stretches = 0;
  series = 0;
  /** Of every frame. `seqAt` and `receivedAt` say where these lie. */
  readonly seq: Float64Array;
  readonly received: Float64Array;
  readonly offset: Int32Array;
  readonly seqAt: Int32Array;
  readonly receivedAt: Int32Array;
  readonly buf: Buffer;
  private readonly known = new Map<string, Source>();
  private frame = -1;
  private base = 0;
  private readonly at = { tenant: 0, device: 0, agent: 0 };
  private namesEnd = 0;
  private source: Source | undefined;
  private place = 0;

  constructor(
    bodies: Uint8Array,
    records: number,
    /** What was noted of readings and stretches. */
    readonly notes: Scratch,
  ) {
    this.buf = Buffer.from(bodies.buffer, bodies.byteOffset, bodies.length);
    this.c.over(this.buf, 0, bodies.length);
    this.seq = new Float64Array(records);
    this.received = new Float64Array(records);
    this.offset = new Int32Array(records);
    this.seqAt = new Int32Array(records);
    this.receivedAt = new Int32Array(records);
  }

  nextFrame(): void {
    this.frame++;
    this.source = undefined;
    this.place = 0;
  }

  name(of: 'tenant' | 'device' | 'agent'): boolean {
    this.at[of] = this.c.pos;
    this.c.skipBytes();
    this.namesEnd = this.c.pos;
    return true;
  }

  takeSeq(): boolean {
    this.seqAt[this.frame] = this.c.pos;
    const seq = (this.seq[this.frame] = this.c.readLong());
    return Number.isSafeInteger(seq) && seq >= 0;
  }

  takeReceived(): boolean {
    this.receivedAt[this.frame] = this.c.pos;
    return Number.isSafeInteger((this.received[this.frame] = this.c.readLong()));
  }

  takeBase(): boolean {
    return Number.isSafeInteger((this.base = this.c.readLong()));
  }

  takeOffset(): boolean {
    this.offset[this.frame] = this.c.readLong();
    return true;
  }

  /** An array of series. False where it is not as our own agents write it; then the frames go as they are. */
  takeSeries(kind: Kind): boolean {
    const { c } = this;
    for (let n = c.readBlockCount(); n !== 0; n = c.readBlockCount())
      for (let i = 0; i < n; i++) if (!this.stretch(this.seriesHere(kind))) return false;
    return true;
  }

  private stretch(series: Series): boolean {
    const { c, count, notes } = this;
    const n = c.readLong();
    if (n < 0) return false;
    notes.room(count + n, this.stretches + 1);
    this.times(series, n);
    if (!this.ends(n) || c.readLong() !== n) return false;
    const valuesAt = c.pos;
    this.passValues(series.kind, n);
    if (!this.ends(n)) return false;
    const graded = c.readLong();
    if (graded !== 0 && graded !== n) return false;
    if (!this.qualities(graded) || !this.ends(graded)) return false;
    if (n === 0) return true;
    notes.note(this.stretches++, series.index, this.frame, valuesAt, graded, count + n);
    series.count += n;
    this.count = count + n;
    return true;
  }

  /** An array of so many items in one block ends with a zero; an empty one is nothing but that zero, read already. */
  private ends(n: number): boolean {
    return n === 0 || this.c.buf[this.c.pos++] === 0;
  }

  private times(series: Series, n: number): void {
    if (n === 0) return;
    const { c, base, count } = this;
    const { time } = this.notes;
    const seq = this.seq[this.frame]! % SEQ_MODULUS;
    let last = series.lastTime;
    let { ordered } = series;
    for (let i = count; i < count + n; i++) {
      const t = base + c.readLong();
      time[i] = t;
      if (t < last || (t === last && i === count && seq < series.lastSeq)) ordered = false;
      last = t;
    }
    series.ordered = ordered;
    series.lastTime = last;
    series.lastSeq = seq;
  }

  private passValues(kind: Kind, n: number): void {
    const { c } = this;
    if (kind === 0) c.pos += 8 * n;
    else for (let i = 0; i < n; i++) passValue(c, kind);
  }

  private qualities(n: number): boolean {
    const { c, count } = this;
    const { quality } = this.notes;
    for (let i = 0; i < n; i++) {
      const q = c.readLong();
      if (q < 0 || q > MAX_QUALITY) return false;
      quality[count + i] = q;
    }
    return true;
  }

  private seriesHere(kind: Kind): Series {
    const { c } = this;
    const source = (this.source ??= this.sourceHere());
    const start = c.pos;
    c.skipBytes();
    const place = this.place++;
    const expected = source.before[place];
    if (expected?.kind === kind && this.same(expected.metricAt, start, c.pos - start)) return expected;
    const key = kind + this.buf.toString('latin1', start, c.pos);
    let found = source.known.get(key);
    if (!found) {
      const empty = { count: 0, ordered: true, lastTime: -Infinity, lastSeq: 0 };
      found = { source, metricAt: start, kind, index: this.series++, ...empty };
      source.known.set(key, found);
      source.series.push(found);
    }
    source.before[place] = found;
    return found;
  }

  private same(a: number, b: number, length: number): boolean {
    const { buf } = this;
    for (let i = 0; i < length; i++) if (buf[a + i] !== buf[b + i]) return false;
    return true;
  }

  /** The bytes from the first name to the last say all three, whatever lies between them. */
  private sourceHere(): Source {
    const { tenant, device, agent } = this.at;
    const key = this.buf.toString('latin1', Math.min(tenant, device, agent), this.namesEnd);
    let source = this.known.get(key);
    if (!source) {
      source = { tenantAt: tenant, deviceAt: device, agentAt: agent, series: [], known: new Map(), before: [] };
      this.known.set(key, source);
      this.sources.push(source);
    }
    return source;
  }
}

/** Moves past one value. */
export function passValue(c: Cursor, kind: Kind): void {
  if (kind === 0) c.pos += 8;
  else if (kind === 1) c.skipLong();
  else c.skipBytes();
}
