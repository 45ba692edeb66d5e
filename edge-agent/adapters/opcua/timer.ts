/** Waits that all end at once when the adapter is closed. */
export class Timer {
  private readonly waiting = new Set<() => void>();
  private over = false;

  sleep(ms: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.waiting.add(end);
    });
  }

  cut(): void {
    this.over = true;
    for (const end of [...this.waiting]) end();
  }
}
