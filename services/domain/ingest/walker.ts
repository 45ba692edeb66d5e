/**
 * Checks that a body is exactly one record of its writer schema, without decoding it. A body that is a byte short or
 * long would shift every body after it in the same block, so nothing is concatenated that was not walked to its end.
 * On the way it counts what the record brings and keeps the range of its times.
 */
import { type Cursor } from './cursor';
import {
  array,
  choice,
  counted,
  type Counter,
  fixed,
  fixedRun,
  intRun,
  longRun,
  pair,
  primitives,
  readDts,
  type Run,
  runOf,
  type Seen,
  sequence,
  union,
  type Walker,
  WATCHED,
} from './walk';

export class UnsupportedSchemaError extends Error {
  readonly code = 'unsupported-schema';
}

type Avro = string | readonly Avro[] | { readonly [key: string]: unknown; readonly type: Avro };
interface Field {
  readonly name: string;
  readonly type: Avro;
}

/** Compiles a writer schema. Throws UnsupportedSchemaError for what Avro 1.11 does not know. */
export function compileWalker(schema: object): Walker {
  const compiler = new Compiler();
  const record = compiler.node(schema as Avro, '', true);
  if (compiler.hasSeries) return record;
  return (c, seen) => {
    seen.rows = 1;
    return record(c, seen);
  };
}

/** Readings in the body, or -1 when it is not exactly one record. `seen` tells the rest. */
export function walk(walker: Walker, c: Cursor, seen: Seen, buf: Uint8Array, start: number, end: number): number {
  c.over(buf, start, end);
  seen.clear();
  return walker(c, seen) && c.pos === end ? seen.rows : -1;
}

class Compiler {
  hasSeries = false;
  private readonly named = new Map<string, Walker>();

  node(type: Avro, namespace: string, top = false): Walker {
    if (typeof type === 'string') return primitives[type] ?? this.reference(type, namespace);
    if (Array.isArray(type)) return union(type.map((t) => this.node(t as Avro, namespace)));
    const t = type as { type: Avro; [key: string]: unknown };
    switch (t.type) {
      case 'record':
      case 'error':
        return this.record(t, namespace, top);
      case 'enum':
        return this.declare(t, namespace, () => choice((t['symbols'] as unknown[]).length));
      case 'fixed':
        return this.declare(t, namespace, () => fixed(t['size'] as number));
      case 'array':
        return array(this.runOver(t['items'] as Avro, namespace));
      case 'map':
        return array(runOf(pair(this.node(t['values'] as Avro, namespace))));
      default:
        return this.node(t.type, namespace);
    }
  }

  private runOver(items: Avro, namespace: string): Run {
    const plain = typeof items === 'object' && !Array.isArray(items) ? (items as { type: Avro }).type : items;
    if (plain === 'double') return fixedRun(8);
    if (plain === 'float') return fixedRun(4);
    if (plain === 'int') return intRun;
    if (plain === 'long') return longRun;
    return runOf(this.node(items, namespace));
  }

  private record(t: Record<string, unknown>, outer: string, top: boolean): Walker {
    const namespace = namespaceOf(t, outer);
    const fields = t['fields'] as Field[];
    return this.declare(t, outer, () => {
      const series = fields.some((f) => f.name === 'dt') && fields.some((f) => f.name === 'value');
      if (!top && series) return this.series(fields, namespace);
      return sequence(fields.map((f) => (top && watched(f)) || this.node(f.type, namespace)));
    });
  }

  /** Parallel arrays: dt and value of one length, quality of the same or empty. */
  private series(fields: readonly Field[], namespace: string): Walker {
    this.hasSeries = true;
    const lengths = fields.map((f) => (f.name === 'dt' ? readDts : this.lengthOf(f, namespace)));
    const at = (name: string): number => fields.findIndex((f) => f.name === name);
    const [dt, value, quality] = [at('dt'), at('value'), at('quality')];
    const found = new Float64Array(fields.length);
    return (c, seen) => {
      for (let i = 0; i < lengths.length; i++) {
        const n = lengths[i]!(c, seen);
        if (n < 0) return false;
        found[i] = n;
      }
      const n = found[dt]!;
      const q = quality < 0 ? 0 : found[quality]!;
      if (found[value] !== n || (q !== 0 && q !== n)) seen.ragged = true;
      seen.rows += n;
      if (n > 0) seen.series++;
      return true;
    };
  }

  /** Walks a field of a series and gives its length when it is an array, 0 otherwise, -1 when it is malformed. */
  private lengthOf(f: Field, namespace: string): Counter {
    const t = f.type as { type?: Avro; items?: Avro };
    if (t.type === 'array') return counted(this.runOver(t.items!, namespace));
    const walker = this.node(f.type, namespace);
    return (c, seen) => (walker(c, seen) ? 0 : -1);
  }

  private declare(t: Record<string, unknown>, outer: string, make: () => Walker): Walker {
    const name = fullName(t, outer);
    this.named.set(name, (c, seen) => made(c, seen)); // a record may contain itself
    const made = make();
    this.named.set(name, made);
    return made;
  }

  private reference(name: string, namespace: string): Walker {
    const found = this.named.get(name) ?? this.named.get(`${namespace}.${name}`);
    if (!found) throw new UnsupportedSchemaError(`type ${name} is not defined`);
    return found;
  }
}

const watched = (f: Field): Walker | undefined =>
  typeof f.type === 'string' ? WATCHED[`${f.name}:${f.type}`] : undefined;

const namespaceOf = (t: Record<string, unknown>, outer: string): string => {
  const name = t['name'] as string;
  if (name.includes('.')) return name.slice(0, name.lastIndexOf('.'));
  return (t['namespace'] as string | undefined) ?? outer;
};
const fullName = (t: Record<string, unknown>, outer: string): string => {
  const name = t['name'] as string;
  const namespace = namespaceOf(t, outer);
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
};
