/** Which sessions to look at when: buckets of a second, so that a tick touches what is due and nothing else. */
export const BUCKET_MS = 1_000;

export class Schedule {
  private readonly buckets = new Map<number, string[]>();
  /** Everything before this bucket has been taken. */
  private taken = -Infinity;

  add(key: string, at: number): void {
    if (at === Infinity) return;
    const bucket = Math.max(Math.ceil(at / BUCKET_MS), this.taken + 1);
    const keys = this.buckets.get(bucket);
    if (keys) keys.push(key);
    else this.buckets.set(bucket, [key]);
  }

  /** Keys due by now, each as often as it was added. */
  *due(now: number): Generator<string> {
    const until = Math.floor(now / BUCKET_MS);
    const buckets = [...this.buckets.keys()].filter((b) => b <= until).sort((a, b) => a - b);
    this.taken = Math.max(this.taken, until);
    for (const bucket of buckets) {
      const keys = this.buckets.get(bucket) ?? [];
      this.buckets.delete(bucket);
      yield* keys;
    }
  }
}
