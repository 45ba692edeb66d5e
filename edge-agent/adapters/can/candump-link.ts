/** A log of candump as if it were a bus: its frames in the order and, where it is asked for, at the pace of the log. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameOfLine } from './candump';
import { type Link, type LinkEvents, type OpenLink, SendError } from './link';
import { type LinkSettings } from './settings';

type Candump = Extract<LinkSettings, { kind: 'candump' }>;

/** Pauses of the log shorter than this are not slept: timers are coarser. */
const SHORTEST_SLEEP_MS = 2;
/** A log that is read as fast as can be lets others have a turn after so many frames. */
const FRAMES_AT_ONCE = 500;
const MAX_LINE_CHARS = 1_024;

export const candumpLink =
  (settings: Candump): OpenLink =>
  (events) =>
    new CandumpLink(settings, events);

class CandumpLink implements Link {
  private readonly ending = new AbortController();
  private held: Promise<void> | undefined;
  private release: () => void = () => undefined;

  constructor(
    private readonly settings: Candump,
    private readonly events: LinkEvents,
  ) {
    this.run().then(
      () => this.end(new Error(`${settings.file}: the log is over`), true),
      (error: unknown) => this.end(error as Error),
    );
  }

  send(): Promise<void> {
    return Promise.reject(new SendError('refused', 'a log takes no frames'));
  }

  hold(held: boolean): void {
    if (held) this.held ??= new Promise((resolve) => (this.release = resolve));
    else {
      this.held = undefined;
      this.release();
    }
  }

  close(): Promise<void> {
    this.ending.abort();
    this.release();
    return Promise.resolve();
  }

  private async run(): Promise<void> {
    let first = true;
    do {
      await this.play(() => {
        if (first) this.events.open();
        first = false;
      });
    } while (this.settings.loop && !this.ending.signal.aborted);
  }

  /** The log once; `begun` when its first line is there. */
  private async play(begun: () => void): Promise<void> {
    const { file, speed, loop } = this.settings;
    const { signal } = this.ending;
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
    let [frames, log_at, at] = [0, NaN, performance.now()];
    try {
      for await (const line of lines) {
        begun();
        const frame = line.length <= MAX_LINE_CHARS ? frameOfLine(line) : undefined;
        if (!frame) {
          if (line.trim() !== '') this.events.count('malformed', 1);
          continue;
        }
        if (speed > 0 && !Number.isNaN(log_at)) at += Math.max(0, frame.at - log_at) / speed;
        log_at = frame.at;
        const wait = speed > 0 ? at - performance.now() : 0;
        if (wait >= SHORTEST_SLEEP_MS || ++frames % FRAMES_AT_ONCE === 0)
          await sleep(Math.max(0, wait), undefined, { signal });
        await this.held;
        if (signal.aborted) return;
        const { at: logged, ...bare } = frame;
        // What comes again and again is no past: it is told at the time it is played.
        this.events.frame(loop ? bare : { ...bare, at: logged });
      }
    } finally {
      lines.close();
    }
  }

  private end(reason: Error, over = false): void {
    if (!this.ending.signal.aborted) this.events.closed(reason, over);
  }
}
