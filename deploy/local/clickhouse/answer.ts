/**
 * The body of an answer. Its beginning is kept back, so that a query that fails early still sets the status; what is longer
 * than the hold is sent as it comes, or put on disk when the client asked to wait for the end.
 */
import { createReadStream, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import { type Writable } from 'node:stream';
import { FrontError } from './errors';
import { HOLD_BYTES, MAX_SPILL_BYTES } from './limits';

export type Encoding = 'gzip' | 'deflate' | 'br';

export interface AnswerOptions {
  readonly encoding: Encoding | undefined;
  readonly level: number;
  /** Where to keep a long answer until its end; undefined sends it as it comes. */
  readonly spillPath: string | undefined;
  readonly exceptionTag: string;
}

export class Answer {
  private held: Buffer[] = [];
  private heldBytes = 0;
  private spill: FileHandle | undefined;
  private spilled = 0;
  private out: Writable | undefined;
  sent_bytes = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: AnswerOptions,
  ) {}

  get begun(): boolean {
    return this.response.headersSent;
  }

  /** Takes a piece; resolves when there is room for more. A client that went away swallows everything. */
  async write(piece: Buffer): Promise<void> {
    if (this.response.destroyed) return;
    if (this.out) return this.send(piece);
    if (this.spill) return this.keep(piece);
    this.held.push(piece);
    this.heldBytes += piece.length;
    if (this.heldBytes > HOLD_BYTES) await this.overflow();
  }

  /** Ends a good answer. `headers` are set only if nothing has been sent yet. */
  async end(headers: Readonly<Record<string, string>>): Promise<void> {
    if (!this.begun) for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
    if (this.spill) await this.sendSpilled();
    if (this.response.destroyed) return;
    if (!this.out && this.heldBytes === 0) return void this.response.end();
    const out = this.start();
    for (const piece of this.held) await this.send(piece);
    out.end();
  }

  /** Ends an answer that has begun and failed: the words go into the body as ClickHouse does, and the connection breaks. */
  async breakOff(words: string): Promise<void> {
    const tag = this.options.exceptionTag;
    const text = `${words}\n`;
    const block = `\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`;
    await this.send(Buffer.from(block));
    const out = this.out;
    if (out && out !== (this.response as Writable)) {
      out.end();
      await Promise.race([once(out, 'end'), once(out, 'close')]);
    }
    await new Promise<void>((done) => this.response.write('', () => done()));
    this.response.destroy();
  }

  async discard(): Promise<void> {
    this.held = [];
    await this.spill?.close();
    if (this.options.spillPath) rmSync(this.options.spillPath, { force: true });
  }

  private async overflow(): Promise<void> {
    const pieces = this.held;
    this.held = [];
    this.heldBytes = 0;
    if (this.options.spillPath === undefined) {
      this.start();
      for (const piece of pieces) await this.send(piece);
      return;
    }
    this.spill = await open(this.options.spillPath, 'w', 0o600);
    for (const piece of pieces) await this.keep(piece);
  }

  private async keep(piece: Buffer): Promise<void> {
    this.spilled += piece.length;
    if (this.spilled > MAX_SPILL_BYTES)
      throw new FrontError(
        'LIMIT_EXCEEDED',
        `The answer is longer than ${MAX_SPILL_BYTES} bytes: ask without wait_end_of_query`,
      );
    await this.spill?.appendFile(piece);
  }

  private async sendSpilled(): Promise<void> {
    const path = this.options.spillPath;
    if (path === undefined) return;
    for await (const piece of createReadStream(path)) {
      if (this.response.destroyed) return;
      this.start();
      await this.send(piece as Buffer);
    }
  }

  private start(): Writable {
    if (this.out) return this.out;
    const { encoding, level } = this.options;
    if (!encoding) return (this.out = this.response);
    this.response.setHeader('Content-Encoding', encoding);
    const packer = compressor(encoding, level);
    packer.pipe(this.response);
    this.response.once('close', () => packer.destroy());
    return (this.out = packer);
  }

  private async send(piece: Buffer): Promise<void> {
    const out = this.start();
    this.sent_bytes += piece.length;
    if (out.write(piece) || this.response.destroyed) return;
    await drained(out, this.response);
  }
}

/** Resolves when there is room again, or nobody to make room. */
function drained(out: Writable, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      response.off('close', done);
      resolve();
    };
    out.on('drain', done);
    response.on('close', done);
  });
}

function compressor(
  encoding: Encoding,
  level: number,
): ReturnType<typeof createGzip> | ReturnType<typeof createBrotliCompress> {
  if (encoding === 'gzip') return createGzip({ level });
  if (encoding === 'deflate') return createDeflate({ level });
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: level } });
}
