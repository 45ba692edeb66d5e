/** The columns of a block of `in_series`: what each row has once, and what it has of every reading. */
import { Longs, Strings } from './columns';
import { Cursor } from './cursor';
import { block, type Laid } from './layout';
import { type Memory } from './memory';
import { Placed } from './placed';
import { type Kind, type Readings, type Series } from './readings';

export interface SeriesBlock {
  readonly rows: number;
  /** Of one block, to be sent one after the other. */
  readonly parts: Uint8Array[];
  /** Says that nobody looks at the parts any more: their memory is used again. */
  release(): void;
}

const KIND_TYPE = "Enum8('number' = 0, 'int64' = 1, 'text' = 2)";

/** The rows of all readings, in the tables' order. */
export function rowsOf(r: Readings, memory: Memory): SeriesBlock {
  const placed = new Placed(r, memory);
  const rows = new Rows(r, placed);
  const parts = block(rows.n, [...rows.columns(), ...readingsOf(placed, rows)]);
  return { rows: rows.n, parts, release: () => memory.give(placed.quality) };
}

/** Ends of arrays, 64 bits each; a batch has far fewer items. */
class Ends {
  private readonly words: Uint32Array;
  private at = 0;
  private total = 0;

  constructor(rows: number) {
    this.words = new Uint32Array(2 * rows);
  }

  push(length: number): void {
    this.total += length;
    this.words[this.at] = this.total;
    this.at += 2;
  }

  bytes(): Uint8Array {
    return bytesOf(this.words);
  }
}

class Rows {
  readonly n: number;
  readonly ends: Ends;
  readonly valueEnds: Readonly<Record<Kind, Ends>>;
  private readonly c = new Cursor();
  private readonly tenant = new Strings();
  private readonly device = new Strings();
  private readonly agent = new Strings();
  private readonly metric = new Strings();
  private readonly seq = new Longs();
  private readonly received = new Longs();
  private readonly kind: Uint8Array;
  private readonly minute: Uint32Array;
  private readonly newest: Uint8Array;

  constructor(
    private readonly r: Readings,
    private readonly placed: Placed,
  ) {
    this.c.over(r.buf, 0, r.buf.length);
    const n = (this.n = placed.rowStart.length);
    this.ends = new Ends(n);
    this.valueEnds = { 0: new Ends(n), 1: new Ends(n), 2: new Ends(n) };
    this.kind = new Uint8Array(n);
    this.minute = new Uint32Array(n);
    this.newest = new Uint8Array(n);
    this.fill();
  }

  columns(): Laid[] {
    const taken = (name: string, column: Strings | Longs): Laid => ({ name, type: column.type, parts: column.parts() });
    const one = (name: string, type: string, items: ArrayBufferView): Laid => ({ name, type, parts: [bytesOf(items)] });
    return [
      ...[taken('tenant', this.tenant), taken('device_id', this.device), taken('agent_id', this.agent)],
      ...[taken('metric', this.metric), one('kind', KIND_TYPE, this.kind), one('minute', 'UInt32', this.minute)],
      ...[one('newest', 'UInt8', this.newest), taken('seq', this.seq), taken('received_at', this.received)],
    ];
  }

  private fill(): void {
    const { rowStart } = this.placed;
    const order = orderOf(this.placed, this.r.series);
    const bySeries = new Array<Series>(this.r.series);
    for (const series of this.placed.series) bySeries[series.index] = series;
    let before: Series | undefined;
    order.forEach((begun, row) => {
      const series = bySeries[this.placed.rowSeries[begun]!]!;
      if (before && before !== series) this.newest[row - 1] = 1;
      before = series;
      const end = row + 1 < this.n ? rowStart[order[row + 1]!]! : this.r.count;
      this.row(row, begun, series, end - rowStart[begun]!);
    });
    if (this.n > 0) this.newest[this.n - 1] = 1;
  }

  private row(row: number, begun: number, { source, metricAt, kind }: Series, readings: number): void {
    const { r, placed } = this;
    const frame = placed.rowFrame[begun]!;
    this.put(this.tenant, source.tenantAt);
    this.put(this.device, source.deviceAt);
    this.put(this.agent, source.agentAt);
    this.put(this.metric, metricAt);
    this.put(this.seq, r.seqAt[frame]!);
    this.put(this.received, r.receivedAt[frame]!);
    this.kind[row] = kind;
    this.minute[row] = placed.rowMinute[begun]!;
    this.ends.push(readings);
    this.valueEnds[0].push(kind === 0 ? readings : 0);
    this.valueEnds[1].push(kind === 1 ? readings : 0);
    this.valueEnds[2].push(kind === 2 ? readings : 0);
  }

  private put(column: Strings | Longs, at: number): void {
    this.c.pos = at;
    column.take(this.c, 1);
  }
}

/** Rows by series, and each series' as they were begun. */
function orderOf({ series, rowsOf: rows, rowSeries }: Placed, count: number): Int32Array {
  const next = new Int32Array(count);
  let before = 0;
  for (const { index } of series) {
    next[index] = before;
    before += rows[index]!;
  }
  const order = new Int32Array(rowSeries.length);
  rowSeries.forEach((index, row) => (order[next[index]!++] = row));
  return order;
}

function readingsOf(placed: Placed, { ends, valueEnds }: Rows): Laid[] {
  const items = ends.bytes();
  const many = (name: string, type: string, of: ArrayBufferView): Laid => ({
    ...{ name, type: `Array(${type})`, parts: [items, bytesOf(of)] },
  });
  const values = (name: string, kind: Kind, type: string, of: readonly Uint8Array[]): Laid => ({
    ...{ name, type: `Array(${type})`, parts: [valueEnds[kind].bytes(), ...of] },
  });
  return [
    ...[many('dt', 'UInt16', placed.dt), many('quality', 'UInt8', placed.quality), many('seqs', 'Int32', placed.seqs)],
    ...[many('received', 'Int32', placed.receiveds), many('offsets', 'Int32', placed.offsets)],
    values('value', 0, 'Float64', [bytesOf(placed.numbers)]),
    values('value_int', 1, 'Int64', [bytesOf(placed.integers)]),
    values('value_text', 2, 'String', placed.texts.parts()),
  ];
}

const bytesOf = (items: ArrayBufferView): Uint8Array =>
  new Uint8Array(items.buffer, items.byteOffset, items.byteLength);
