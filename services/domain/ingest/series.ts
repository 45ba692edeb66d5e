/**
 * Lays the frames of a batch out by series: a row of `in_series` is what one minute has of one metric of one device, and
 * rows come in the tables' order. The engine then neither sorts readings nor gathers windows (deploy/decisions/0313).
 *   row = names, kind, minute, newest, seq, received_at, and arrays with an item for each reading, in order of time:
 *   dt in ms since the minute began; seqs and received, what its frame has above the row's; offsets; quality; the value
 */
import { type Avro, type AvroField, fieldsOf, passing, plain, possible } from './layout';
import { Memory } from './memory';
import { type Kind, Readings } from './readings';
import { rowsOf, type SeriesBlock } from './rows';
import { Scratch } from './scratch';

/** Undefined where frames are not as our own agents write them. The same bodies give the same. */
export type SeriesLayout = (bodies: Uint8Array, records: number) => SeriesBlock | undefined;
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

/** Blocks whose memory is kept for the next: about as many as are sent at once. */
const KEPT_BLOCKS = 2;

/** Undefined for schemas that lack a name or a time, or whose series are others. */
export function compileSeries(writer: object, memory = new Memory(KEPT_BLOCKS)): SeriesLayout | undefined {
  const handlers = possible(() => handlersOf(writer as Avro));
  if (!handlers) return undefined;
  const notes = new Scratch();
  return (bodies, records) => {
    const r = new Readings(bodies, records, notes);
    for (let i = 0; i < records; i++) {
      r.nextFrame();
      for (const take of handlers) if (!take(r)) return undefined;
    }
    return rowsOf(r, memory);
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
