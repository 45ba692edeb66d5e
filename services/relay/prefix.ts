/** Which offset of a partition may be committed while its records are finished out of order. Pure. */

export class ContiguousPrefix {
  private readonly open = new Set<bigint>();
  private end: bigint | undefined;

  /** False for a record that was begun before: then it is not to be done again. There may be holes between offsets. */
  begin(offset: bigint): boolean {
    if (this.end !== undefined && offset < this.end) return false;
    this.open.add(offset);
    this.end = offset + 1n;
    return true;
  }

  finish(offset: bigint): void {
    this.open.delete(offset);
  }

  /** The first offset not yet finished, or the one after the last begun; undefined before the first. */
  get committable(): bigint | undefined {
    // A Set keeps insertion order, and records are begun in order: the first is the lowest.
    const first = this.open.values().next();
    return first.done ? this.end : first.value;
  }
}
