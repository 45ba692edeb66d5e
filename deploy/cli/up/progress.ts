/** One line for each thing that happened: the same on a terminal and in a file, never redrawn. */
import { type Progress } from '../../local/supervisor/supervisor';
import { duration, type Io, styled } from '../io';

const MARKS: Readonly<Record<Progress['what'], readonly [mark: string, style: 'green' | 'yellow' | 'red' | 'dim']>> = {
  adopted: ['=', 'dim'],
  ready: ['✓', 'green'],
  done: ['✓', 'green'],
  restarting: ['!', 'yellow'],
  unready: ['!', 'yellow'],
  failed: ['✗', 'red'],
  stopped: ['·', 'dim'],
};

const NAME_WIDTH = 16;
const TIME_WIDTH = 9;

export class ProgressLines {
  private readonly begun = Date.now();
  private stopping: number | undefined;

  constructor(private readonly io: Io) {}

  /** From here on lines count from the beginning of the stop. */
  beginStop(): void {
    this.stopping ??= Date.now();
  }

  elapsed(): string {
    return duration(Date.now() - (this.stopping ?? this.begun));
  }

  say(text: string): void {
    this.io.err(`${text}\n`);
  }

  step(name: string, detail = ''): void {
    this.line('done', name, detail);
  }

  report(p: Progress): void {
    const words: Partial<Record<Progress['what'], string>> = {
      adopted: 'was still running, taken over',
      restarting: `${p.reason ?? 'ended'}, starting it again`,
      unready: `not ready: ${p.reason ?? ''}`,
      failed: p.reason ?? 'failed',
    };
    this.line(p.what, p.name, words[p.what] ?? (p.what === 'stopped' ? 'stopped' : ''));
  }

  private line(what: Progress['what'], name: string, detail: string): void {
    const [mark, style] = MARKS[what];
    const on = this.io.color.err;
    const columns = [styled(mark, style, on), name.padEnd(NAME_WIDTH), this.elapsed().padStart(TIME_WIDTH), '', detail];
    this.io.err(`  ${columns.join(' ').trimEnd()}\n`);
  }
}
