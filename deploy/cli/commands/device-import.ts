/** `millrace device import`: a file to POST /devices:bulk, results as they come, progress on stderr. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { csvToLines } from '../device-lines';
import { CliError, EXIT } from '../errors';

export interface ImportOptions {
  readonly until: string;
  readonly reason?: string;
  readonly json?: boolean;
}

interface Result {
  readonly line: number;
  readonly device_id?: string;
  readonly status: number;
  readonly detail?: string;
}

interface Summary {
  readonly done: true;
  readonly lines: number;
  readonly accepted: number;
  readonly unchanged: number;
  readonly refused: number;
}

const FAILURES_SHOWN = 20;
const UNAVAILABLE = 503;
const PROGRESS_EVERY_MS = 500;

/** Exit 1 when a line was refused; the others are carried out all the same. */
export async function importDevices(context: Context, file: string, options: ImportOptions): Promise<number> {
  const { io } = context;
  const { key, body } = await source(file);
  const query = new URLSearchParams({ until: options.until, ...(options.reason && { reason: options.reason }) });
  const answer = await new ApiClient(apiEndpoint(context)).upload(`/devices:bulk?${query}`, body, key);
  const progress = new Progress(context);
  let summary: Summary | undefined;
  let failures = 0;
  let unanswered = 0;
  for await (const line of answer) {
    const said = JSON.parse(line) as Result | Summary;
    if ('done' in said) {
      summary = said;
      continue;
    }
    if (said.status === UNAVAILABLE) unanswered++;
    if (options.json) io.out(`${line}\n`);
    else if (said.status >= 400 && ++failures <= FAILURES_SHOWN)
      io.err(`line ${said.line}${said.device_id ? ` (${said.device_id})` : ''}: ${said.detail ?? said.status}\n`);
    progress.at(said.line);
  }
  progress.end();
  if (!summary)
    throw new CliError(
      'failed',
      'import',
      'the answer ended early',
      'import the same file again: nothing is done twice',
    );
  const { lines, accepted, unchanged, refused } = summary;
  if (options.json) io.out(`${JSON.stringify(summary)}\n`);
  else io.out(`${lines} lines: ${accepted} registered, ${unchanged} unchanged, ${refused} refused\n`);
  if (unanswered > 0)
    io.err(`${unanswered} lines had no answer in time: import the same file again, nothing is done twice\n`);
  return refused === 0 ? EXIT.ok : EXIT.failed;
}

/** The key is the content's: the same file is the same upload, whoever repeats it and when. */
async function source(file: string): Promise<{ key: string; body: Readable }> {
  if (file === '-') return { key: '', body: process.stdin };
  try {
    if (file.endsWith('.csv')) {
      const text = csvToLines(readFileSync(file, 'utf8'));
      return { key: createHash('sha256').update(text).digest('hex'), body: Readable.from([text]) };
    }
    const hash = createHash('sha256');
    for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
    return { key: hash.digest('hex'), body: createReadStream(file) };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('usage', 'import', `cannot read ${file}`, 'give a file of devices', { cause });
  }
}

class Progress {
  private last = 0;
  constructor(private readonly context: Context) {}

  at(line: number): void {
    const { io } = this.context;
    if (!io.errTty || Date.now() - this.last < PROGRESS_EVERY_MS) return;
    this.last = Date.now();
    io.err(`\r${line} lines done`);
  }

  end(): void {
    if (this.last > 0) this.context.io.err('\r\u001b[K');
  }
}
