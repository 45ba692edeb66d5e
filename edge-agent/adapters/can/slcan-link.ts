/** A serial converter: opened with its bit rate, then lines both ways. One line is sent and answered after the other. */
import { Turns } from '../../core/turns';
import { done, nativePort, type Port } from '../../wire/serial-port';
import { type CanFrame, FrameError } from './frame';
import { type Link, type LinkEvents, type OpenLink, SendError } from './link';
import { type LinkSettings } from './settings';
import { BITRATES, encodeLine, type Line, SlcanReader } from './slcan';

type Slcan = Extract<LinkSettings, { kind: 'slcan' }>;

/** Longest wait for the answer to a line that opens the converter, ms. */
const OPEN_TIMEOUT_MS = 1_000;
/** Lines that wait for their turn. */
const MAX_WAITING = 64;
const NO_ANSWER = 'the converter did not answer';

export const slcanLink =
  (settings: Slcan): OpenLink =>
  (events) =>
    new SlcanLink(settings, events);

class SlcanLink implements Link {
  private readonly reader = new SlcanReader();
  private port: Port | undefined;
  private ended = false;
  private waiting = 0;
  private readonly turns = new Turns();
  /** Of the line that was sent last. */
  private answer: ((kind: 'done' | 'refused' | 'closed') => void) | undefined;

  constructor(
    private readonly settings: Slcan,
    private readonly events: LinkEvents,
  ) {
    this.open().catch((error: unknown) => this.fail(error as Error));
  }

  async send(frame: CanFrame, timeout_ms: number): Promise<void> {
    let line: Buffer;
    try {
      line = encodeLine(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      throw new SendError('refused', error.message);
    }
    if (this.waiting >= MAX_WAITING) throw new SendError('refused', `${MAX_WAITING} frames wait already`);
    this.waiting++;
    try {
      await this.turns.take(() => this.ask(line, timeout_ms));
    } finally {
      this.waiting--;
    }
  }

  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.answer?.('closed');
    const { port } = this;
    if (!port?.isOpen) return;
    // A converter that is left open goes on talking to nobody.
    await done((cb) => port.write(Buffer.from('C\r'), cb)).catch(() => undefined);
    await done((cb) => port.close(cb)).catch(() => undefined);
  }

  private async open(): Promise<void> {
    const { device, baud_rate, bitrate, answers } = this.settings;
    const port = await nativePort({ device, baud_rate });
    if (this.ended) return;
    this.port = port;
    port.on('error', (error: Error) => this.fail(error));
    port.on('close', () => this.fail(new Error(`${device} closed`)));
    port.on('data', (chunk: Buffer) => this.received(chunk));
    await done((cb) => port.open(cb));
    if (this.ended) return port.close();
    await done((cb) => port.flush(cb));
    // It may be open from before, or not: closing is refused then.
    await this.ask(Buffer.from('C\r'), OPEN_TIMEOUT_MS).catch((error: unknown) => this.unlessRefused(error, answers));
    await this.ask(Buffer.from(`${BITRATES[bitrate] ?? ''}\r`), OPEN_TIMEOUT_MS);
    await this.ask(Buffer.from('O\r'), OPEN_TIMEOUT_MS);
    if (!this.ended) this.events.open();
  }

  private unlessRefused(error: unknown, answers: boolean): void {
    if (answers && error instanceof SendError && error.kind === 'refused') return;
    throw error;
  }

  /** A line, and the answer to it. */
  private async ask(line: Buffer, timeout_ms: number): Promise<void> {
    const { port, settings } = this;
    if (!port || this.ended) throw new SendError('closed', 'the converter is closed');
    const answered = new Promise<'done' | 'refused' | 'closed'>((resolve) => (this.answer = resolve));
    await done((cb) => port.write(line, cb));
    if (!settings.answers) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), timeout_ms)));
    const kind = await Promise.race([answered, late]);
    clearTimeout(timer);
    this.answer = undefined;
    if (kind === 'late') throw new SendError('timeout', `${NO_ANSWER} within ${Math.round(timeout_ms)} ms`);
    if (kind === 'closed') throw new SendError('closed', 'the converter was closed');
    if (kind === 'refused') throw new SendError('refused', 'the converter refused it');
  }

  private received(chunk: Buffer): void {
    if (this.ended) return;
    for (const line of this.reader.feed(chunk)) this.take(line);
  }

  private take(line: Line): void {
    if (line.kind === 'frame') this.events.frame(line.frame);
    else if (line.kind === 'noise') this.events.count('malformed', 1);
    else this.answer?.(line.kind);
  }

  private fail(error: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.answer?.('closed');
    if (this.port?.isOpen) this.port.close();
    this.events.closed(error);
  }
}
