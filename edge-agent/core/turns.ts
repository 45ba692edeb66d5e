/** One thing after the other: a piece of work begins when those before it have ended, well or badly. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** What becomes of `work`. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when everything so far has ended. */
  async idle(): Promise<void> {
    await this.last;
  }
}
