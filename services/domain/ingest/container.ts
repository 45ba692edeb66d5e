/**
 * Avro object container files (Avro 1.11, "Object Container Files") made around bodies that are already encoded:
 *   container = "Obj" 0x01, map { avro.schema, avro.codec }, sync[16], block
 *   block     = count: long, size: long, bodies, sync[16]
 */

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 0x01]);
const SYNC = Buffer.from('millrace-project', 'latin1');

/** Everything before the first block. `schema` is the writer's; the engine fits it to the table by field names. */
export function containerHeader(schema: object): Buffer {
  const entries: [string, Buffer][] = [
    ['avro.schema', Buffer.from(JSON.stringify(withoutDocs(schema)))],
    ['avro.codec', Buffer.from('null')],
  ];
  const map = entries.flatMap(([key, value]) => [long(key.length), Buffer.from(key), long(value.length), value]);
  return Buffer.concat([MAGIC, long(entries.length), ...map, long(0), SYNC]);
}

/** The container, and where its bodies lie in it. `bytes` is the sum of the bodies' lengths. */
export function container(
  header: Buffer,
  bodies: readonly Uint8Array[],
  bytes: number,
  allocate: (bytes: number) => Buffer = (n) => Buffer.allocUnsafe(n),
): Container {
  const prefix = Buffer.concat([header, long(bodies.length), long(bytes)]);
  const whole = allocate(prefix.length + bytes + SYNC.length);
  whole.set(prefix, 0);
  let at = prefix.length;
  for (const body of bodies) {
    whole.set(body, at);
    at += body.length;
  }
  whole.set(SYNC, at);
  return { whole, bodies: whole.subarray(prefix.length, at) };
}

export interface Container {
  readonly whole: Buffer;
  readonly bodies: Buffer;
}

/** Avro long: zigzag, then seven bits a byte, lowest first. */
export function long(n: number): Buffer {
  let zigzag = BigInt.asUintN(64, (BigInt(n) << 1n) ^ (BigInt(n) >> 63n));
  const out: number[] = [];
  for (; zigzag > 0x7fn; zigzag >>= 7n) out.push(Number(zigzag & 0x7fn) | 0x80);
  out.push(Number(zigzag));
  return Buffer.from(out);
}

/** Docs, aliases and the like take bytes in every insert and mean nothing to the engine. */
function withoutDocs(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDocs);
  if (schema === null || typeof schema !== 'object') return schema;
  const kept = Object.entries(schema).filter(([key]) => key !== 'doc' && key !== 'aliases');
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'default' ? value : withoutDocs(value)]));
}
