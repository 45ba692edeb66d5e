/**
 * SenML packs (RFC 8428) to entries. Pure; throws nothing but PayloadError.
 *   pack = [ record+ ] ; record = base fields bn bt bu bv bs bver, and n u v | vs | vb | vd, s, t, ut
 * In CBOR the fields are numbered. Values of the same time go into one entry, by their whole name (bn + n); a sum is `name.sum`.
 */
import { decodePayload, PayloadError, valueOf } from '../../wire/payload';
import { type Entry, MAX_ENTRIES } from '../../wire/posts/entries';

/** RFC 8428, table 4. */
const NUMBERED: Readonly<Record<string, string>> = {
  '-1': 'bver',
  '-2': 'bn',
  '-3': 'bt',
  '-4': 'bu',
  '-5': 'bv',
  '-6': 'bs',
  '0': 'n',
  '1': 'u',
  '2': 'v',
  '3': 'vs',
  '4': 'vb',
  '5': 's',
  '6': 't',
  '7': 'ut',
  '8': 'vd',
};
const VERSION = 10;
const NAME = /^[A-Za-z0-9][-A-Za-z0-9:./_]{0,511}$/;
/** Times below it count from now (RFC 8428, 4.5.3). */
const RELATIVE = 2 ** 28;
const NUMBERS = ['bver', 'bt', 'bv', 'bs', 'v', 's', 't', 'ut'];
const TEXTS = ['bn', 'bu', 'n', 'u', 'vs', 'vd'];

type Fields = Readonly<Record<string, unknown>>;

interface Base {
  readonly name: string;
  readonly time: number;
  readonly value: number;
  readonly sum: number;
}

interface Mutable {
  readonly ts: number;
  readonly values: Record<string, unknown>;
}

/** `now`: ms since 1970. */
export function decodeSenml(format: 'json' | 'cbor', body: Buffer, now: number): Entry[] {
  const pack = decodePayload(format, body);
  if (!Array.isArray(pack) || pack.length === 0) throw new PayloadError('not a SenML pack');
  if (pack.length > MAX_ENTRIES) throw new PayloadError(`at most ${MAX_ENTRIES} records`);
  const entries: Mutable[] = [];
  let base: Base = { name: '', time: 0, value: 0, sum: 0 };
  for (const [i, record] of pack.entries()) {
    const fields = fieldsOf(record, i);
    base = {
      name: (fields['bn'] as string | undefined) ?? base.name,
      time: (fields['bt'] as number | undefined) ?? base.time,
      value: (fields['bv'] as number | undefined) ?? base.value,
      sum: (fields['bs'] as number | undefined) ?? base.sum,
    };
    resolve(fields, base, i, now, entries);
  }
  return entries.map(({ ts, values }) => ({ seq: undefined, ts, values, unit: 'ms' }));
}

function fieldsOf(record: unknown, i: number): Fields {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new PayloadError(`record ${i}: no object`);
  const pairs = record instanceof Map ? [...record] : Object.entries(record);
  const fields = Object.fromEntries(pairs.map(([key, value]) => [NUMBERED[String(key)] ?? String(key), plain(value)]));
  const ununderstood = Object.keys(fields).find((key) => key.endsWith('_'));
  if (ununderstood !== undefined) throw new PayloadError(`record ${i}: ${ununderstood.slice(0, 64)} is not understood`);
  for (const key of NUMBERS)
    if (fields[key] !== undefined && !Number.isFinite(fields[key])) throw new PayloadError(`record ${i}: ${key}`);
  for (const key of TEXTS)
    if (fields[key] !== undefined && typeof fields[key] !== 'string') throw new PayloadError(`record ${i}: ${key}`);
  if (fields['vb'] !== undefined && typeof fields['vb'] !== 'boolean') throw new PayloadError(`record ${i}: vb`);
  if (((fields['bver'] as number | undefined) ?? VERSION) > VERSION)
    throw new PayloadError(`record ${i}: a newer SenML`);
  return fields;
}

/** SenML's numbers are doubles, however they are carried; long ones come from JSON as text that starts with NUL. */
const plain = (value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'string' && value.startsWith('\0')) ? valueOf('number', value) : value;

function resolve(fields: Fields, base: Base, i: number, now: number, into: Mutable[]): void {
  const { v, vs, vb, vd, s, n = '', t = 0, bv, bs } = fields;
  const values = [v, vs, vb, vd].filter((value) => value !== undefined);
  if (values.length > 1) throw new PayloadError(`record ${i}: more than one value`);
  const value = v === undefined && values.length === 0 && bv !== undefined ? base.value : sumOf(v, base.value);
  const found = value ?? vs ?? vb ?? vd;
  const sum = s === undefined && bs !== undefined ? base.sum : sumOf(s, base.sum);
  if (found === undefined && sum === undefined) return;
  const name = base.name + (n as string);
  if (!NAME.test(name)) throw new PayloadError(`record ${i}: ${JSON.stringify(name.slice(0, 64))} is no name`);
  const time = base.time + (t as number);
  const ts = Math.round(time < RELATIVE ? now + time * 1_000 : time * 1_000);
  if (found !== undefined) put(into, ts, name, found);
  if (sum !== undefined) put(into, ts, `${name}.sum`, sum);
}

const sumOf = (value: unknown, base: number): number | undefined =>
  value === undefined ? undefined : (value as number) + base;

/** A name that is there already at that time is another reading. */
function put(into: Mutable[], ts: number, name: string, value: unknown): void {
  const last = into.at(-1);
  if (last?.ts === ts && !Object.hasOwn(last.values, name)) last.values[name] = value;
  else into.push({ ts, values: { [name]: value } });
}
