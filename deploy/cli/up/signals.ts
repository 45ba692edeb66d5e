/** Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly stop, the second for a quick one. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class StopSignals {
  private readonly first = new AbortController();
  private readonly second = new AbortController();
  private readonly listener = (signal: NodeJS.Signals): void => {
    if (this.first.signal.aborted) this.second.abort(signal);
    else this.first.abort(signal);
  };

  constructor() {
    for (const s of SIGNALS) process.on(s, this.listener);
  }

  get asked(): boolean {
    return this.first.signal.aborted;
  }

  /** Aborted by the second signal. */
  get forced(): AbortSignal {
    return this.second.signal;
  }

  /** Calls back at the first and at the second signal. */
  on(asked: () => void, forced: () => void): void {
    this.first.signal.addEventListener('abort', asked, { once: true });
    this.second.signal.addEventListener('abort', forced, { once: true });
  }

  /** Resolves at the first signal. */
  wait(): Promise<void> {
    if (this.asked) return Promise.resolve();
    return new Promise((resolve) => this.first.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  dispose(): void {
    for (const s of SIGNALS) process.off(s, this.listener);
  }
}
