/**
 * Lays the frames of a batch out by series: a row of `in_series` is what one minute has of one metric of one device, and
 * rows come in the tables' order. The engine then neither sorts readings nor gathers windows (deploy/decisions/0313).
 *   row = names, kind, minute, newest, seq, received_at, and arrays with an item for each reading, in order of time:
 *   dt in ms since the minute began; seqs and received, what its frame has above the row's; offsets; quality; the value
 */
import { Longs, Strings } from './columns';
import { Cursor } from './cursor';
import { type Avro, type AvroField, block, fieldsOf, type Laid, passing, plain, possible } from './layout';
import { type Kind, Readings, SEQ_MODULUS, type Series, type Source } from './readings';

/** Parts of one block, or undefined where frames are not as our own agents write them. The same bodies give the same. */
export type SeriesLayout = (bodies: Uint8Array, records: number) => Uint8Array[] | undefined;
type Handler = (r: Readings) => boolean;

const SCALARS: Readonly<Record<string, Handler>> = {
  'tenant:string': (r) => r.name('tenant'),
  'device_id:string': (r) => r.name('device'),
  'agent_id:string': (r) => r.name('agent'),
  'seq:long': (r) => r.takeSeq(),
  'ts:long': (r) => r.takeBase(),
  'received_at:long': (r) => r.takeReceived(),
};
const OFFSET = 'clock_offset_ms:int';
const SERIES: Readonly<Record<string, readonly [Kind, string]>> = {
  series: [0, 'double'],
  int_series: [1, 'long'],
  text_series: [2, 'string'],
};

/** Undefined for schemas that lack a name or a time, or whose series are others. */
export function compileSeries(writer: object): SeriesLayout | undefined {
  const handlers = possible(() => handlersOf(writer as Avro));
  if (!handlers) return undefined;
  return (bodies, records) => {
    const r = new Readings(bodies, records);
    for (let i = 0; i < records; i++) {
      r.nextFrame();
      for (const take of handlers) if (!take(r)) return undefined;
    }
    return new Rows(r).block();
  };
}

function handlersOf(writer: Avro): Handler[] | undefined {
  const handlers: Handler[] = [];
  const missing = new Set(Object.keys(SCALARS));
  for (const field of fieldsOf(writer) ?? []) {
    const typed = `${field.name}:${String(plain(field.type))}`;
    const series = SERIES[field.name];
    if (series && (missing.size > 0 || !isSeries(field.type, series[1]))) return undefined;
    if (series) handlers.push((r) => r.takeSeries(series[0]));
    else if (typed === OFFSET) handlers.push((r) => r.takeOffset());
    else handlers.push(SCALARS[typed] ?? passed(field));
    missing.delete(typed);
  }
  return missing.size === 0 ? handlers : undefined;
}

function passed(field: AvroField): Handler {
  const column = passing(field);
  return (r) => {
    column.take(r.c, 1);
    return true;
  };
}

/** An array of records of metric, dt, value and quality, in this order and nothing else. */
function isSeries(type: Avro, value: string): boolean {
  if (typeof type !== 'object' || type.items === undefined) return false;
  const found = (fieldsOf(type.items) ?? []).map((f) => {
    const items = typeof f.type === 'object' ? f.type.items : undefined;
    return `${f.name}:${String(plain(items ?? f.type))}`;
  });
  return found.join() === `metric:string,dt:long,value:${value},quality:int`;
}

const MINUTE_MS = 60_000;
const KIND_TYPE = "Enum8('number' = 0, 'int64' = 1, 'text' = 2)";

class Rows {
  private readonly c = new Cursor();
  private readonly view: DataView;
  private readonly tenant = new Strings();
  private readonly device = new Strings();
  private readonly agent = new Strings();
  private readonly metric = new Strings();
  private readonly seq = new Longs();
  private readonly received = new Longs();
  private readonly kind: Kind[] = [];
  private readonly minute: number[] = [];
  private readonly newest: number[] = [];
  private readonly ends: number[] = [];
  private readonly valueEnds: readonly [number[], number[], number[]] = [[], [], []];
  private readonly valueCounts: [number, number, number] = [0, 0, 0];
  /** Doubles, as two words each: that leaves the bits of a NaN alone. */
  private readonly numbers: Int32Array;
  private readonly integers = new Longs();
  private readonly texts = new Strings();
  private readonly dt: Uint16Array;
  private readonly quality: Uint8Array;
  private readonly seqs: Int32Array;
  private readonly receiveds: Int32Array;
  private readonly offsets: Int32Array;
  private readings = 0;
  private doubles = 0;
  /** The row under way: its first reading, when its minute begins and ends, and what differences are taken from. */
  private first = 0;
  private since = 0;
  private until = -Infinity;
  private firstSeq = 0;
  private firstReceived = 0;

  constructor(private readonly r: Readings) {
    this.c.over(r.buf, 0, r.buf.length);
    this.view = new DataView(r.buf.buffer, r.buf.byteOffset, r.buf.length);
    this.dt = new Uint16Array(r.count);
    this.quality = new Uint8Array(r.count);
    this.seqs = new Int32Array(r.count);
    this.receiveds = new Int32Array(r.count);
    this.offsets = new Int32Array(r.count);
    this.numbers = new Int32Array(2 * r.count);
  }

  block(): Uint8Array[] {
    for (const source of sorted(this.r.sources, (s) => [this.text(s.tenantAt), this.text(s.deviceAt)]))
      for (const series of sorted(source.series, (s) => [this.text(s.metricAt)])) this.take(source, series);
    return block(this.kind.length, this.columns());
  }

  private text(at: number): string {
    this.c.pos = at;
    const length = this.c.readLong();
    return this.r.buf.toString('latin1', this.c.pos, this.c.pos + length);
  }

  private take(source: Source, series: Series): void {
    const { r } = this;
    if (series.stretches.length === 0) return;
    this.until = -Infinity;
    if (series.ordered)
      for (const s of series.stretches) this.stretch(source, series, r.frameOf[s]!, r.startOf[s]!, r.endOf(s));
    else for (const { frame, i } of inOrder(r, series)) this.stretch(source, series, frame, i, i + 1);
    this.end();
    this.newest[this.newest.length - 1] = 1;
  }

  /** Readings of one frame that follow those before. */
  private stretch(source: Source, series: Series, frame: number, start: number, end: number): void {
    const { r, dt, quality, seqs, receiveds, offsets } = this;
    const offset = r.offset[frame]!;
    let seq = r.seq[frame]! - this.firstSeq;
    let received = r.received[frame]! - this.firstReceived;
    let fits = seq === (seq | 0) && received === (received | 0);
    for (let i = start; i < end; i++) {
      const t = r.time[i]!;
      if (!fits || t >= this.until) {
        this.begin(source, series, frame, t);
        seq = received = 0;
        fits = true;
      }
      const k = this.readings++;
      dt[k] = t - this.since;
      quality[k] = r.quality[i]!;
      seqs[k] = seq;
      receiveds[k] = received;
      offsets[k] = offset;
    }
    this.takeValues(series.kind, start, end);
  }

  private takeValues(kind: Kind, start: number, end: number): void {
    const { c, view, numbers } = this;
    const { valueAt } = this.r;
    for (let i = start; i < end; i++) {
      const at = valueAt[i]!;
      if (kind === 0) {
        numbers[this.doubles++] = view.getInt32(at, true);
        numbers[this.doubles++] = view.getInt32(at + 4, true);
      } else {
        c.pos = at;
        (kind === 1 ? this.integers : this.texts).take(c, 1);
      }
    }
  }

  private begin(source: Source, series: Series, frame: number, t: number): void {
    const { r } = this;
    if (this.until !== -Infinity) this.end();
    const minute = Math.floor(t / MINUTE_MS);
    this.since = minute * MINUTE_MS;
    this.until = this.since + MINUTE_MS;
    this.firstSeq = r.seq[frame]!;
    this.firstReceived = r.received[frame]!;
    this.put(this.tenant, source.tenantAt);
    this.put(this.device, source.deviceAt);
    this.put(this.agent, source.agentAt);
    this.put(this.metric, series.metricAt);
    this.put(this.seq, r.seqAt[frame]!);
    this.put(this.received, r.receivedAt[frame]!);
    this.kind.push(series.kind);
    this.minute.push(minute);
    this.newest.push(0);
  }

  /** The row under way has all its readings. */
  private end(): void {
    this.valueCounts[this.kind.at(-1)!] += this.readings - this.first;
    this.first = this.readings;
    this.ends.push(this.readings);
    this.valueEnds.forEach((ends, kind) => ends.push(this.valueCounts[kind as Kind]));
  }

  private put(column: Strings | Longs, at: number): void {
    this.c.pos = at;
    column.take(this.c, 1);
  }

  private columns(): Laid[] {
    const one = (name: string, type: string, ...parts: Uint8Array[]): Laid => ({ name, type, parts });
    const ends = endsOf(this.ends);
    const many = (name: string, type: string, items: ArrayBufferView): Laid =>
      one(name, `Array(${type})`, ends, bytesOf(items));
    const valued = (name: string, kind: Kind, type: string, ...parts: Uint8Array[]): Laid =>
      one(name, `Array(${type})`, endsOf(this.valueEnds[kind]), ...parts);
    const taken = (name: string, column: Strings | Longs): Laid => one(name, column.type, ...column.parts());
    return [
      ...[taken('tenant', this.tenant), taken('device_id', this.device), taken('agent_id', this.agent)],
      ...[taken('metric', this.metric), one('kind', KIND_TYPE, Uint8Array.from(this.kind))],
      one('minute', 'UInt32', bytesOf(Uint32Array.from(this.minute))),
      one('newest', 'UInt8', Uint8Array.from(this.newest)),
      ...[taken('seq', this.seq), taken('received_at', this.received), many('dt', 'UInt16', this.dt)],
      ...[many('quality', 'UInt8', this.quality), many('seqs', 'Int32', this.seqs)],
      ...[many('received', 'Int32', this.receiveds), many('offsets', 'Int32', this.offsets)],
      valued('value', 0, 'Float64', bytesOf(this.numbers.subarray(0, this.doubles))),
      valued('value_int', 1, 'Int64', ...this.integers.parts()),
      valued('value_text', 2, 'String', ...this.texts.parts()),
    ];
  }
}

/** Readings of a series by time, then by the low bits of their sequence number, then as the log has them. */
function inOrder(r: Readings, series: Series): { frame: number; i: number }[] {
  const all = series.stretches.flatMap((stretch) => {
    const frame = r.frameOf[stretch]!;
    const start = r.startOf[stretch]!;
    return Array.from({ length: r.endOf(stretch) - start }, (_, k) => ({ frame, i: start + k }));
  });
  const low = (frame: number): number => r.seq[frame]! % SEQ_MODULUS;
  return all.sort((a, b) => r.time[a.i]! - r.time[b.i]! || low(a.frame) - low(b.frame) || a.i - b.i);
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

/** Ends of arrays are 64 bits; a batch has far fewer items. */
function endsOf(ends: readonly number[]): Uint8Array {
  const words = new Uint32Array(2 * ends.length);
  for (let i = 0; i < ends.length; i++) words[2 * i] = ends[i]!;
  return bytesOf(words);
}

const bytesOf = (items: ArrayBufferView): Uint8Array =>
  new Uint8Array(items.buffer, items.byteOffset, items.byteLength);
