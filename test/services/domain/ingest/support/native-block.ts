/** Reads what ClickHouse would: a block of its Native format as rows. */
export class NativeBlock {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  rows(): Record<string, unknown>[] {
    const columns = this.unsigned();
    const count = this.unsigned();
    const read = Array.from({ length: columns }, () => [this.text(), this.values(this.text(), count)] as const);
    expect(this.at).toBe(this.bytes.length);
    return Array.from({ length: count }, (_, i) => Object.fromEntries(read.map(([name, values]) => [name, values[i]])));
  }

  private values(type: string, n: number): unknown[] {
    const each = <T>(f: () => T): T[] => Array.from({ length: n }, f);
    if (type === 'Int64') return each(() => this.bytes.readBigInt64LE(this.step(8)));
    if (type === 'Int32') return each(() => this.bytes.readInt32LE(this.step(4)));
    if (type === 'UInt32') return each(() => this.bytes.readUInt32LE(this.step(4)));
    if (type === 'UInt16') return each(() => this.bytes.readUInt16LE(this.step(2)));
    if (type === 'UInt8' || type.startsWith('Enum8')) return each(() => this.bytes[this.step(1)]!);
    if (type === 'Float64') return each(() => this.bytes.readDoubleLE(this.step(8)));
    if (type === 'String') return each(() => this.text());
    const inner = type.slice(type.indexOf('(') + 1, -1);
    return type.startsWith('Array') ? this.arrays(inner, n) : this.tuples(inner, n);
  }

  private arrays(items: string, n: number): unknown[][] {
    const ends = Array.from({ length: n }, () => Number(this.bytes.readBigUInt64LE(this.step(8))));
    const all = this.values(items, ends.at(-1) ?? 0);
    return ends.map((end, i) => all.slice(i === 0 ? 0 : ends[i - 1], end));
  }

  private tuples(inner: string, n: number): Record<string, unknown>[] {
    const parts = [...inner.matchAll(/(\w+) (Array\(\w+\)|\w+)/g)].map(
      ([, name, type]) => [name!, this.values(type!, n)] as const,
    );
    return Array.from({ length: n }, (_, i) => Object.fromEntries(parts.map(([name, values]) => [name, values[i]])));
  }

  private text(): string {
    const n = this.unsigned();
    return this.bytes.toString('utf8', this.step(n), this.at);
  }

  private unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const b = this.bytes[this.step(1)]!;
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
  }

  private step(n: number): number {
    this.at += n;
    return this.at - n;
  }
}
