/**
 * The ledger's file: blocks as in the outbox's segments, one event a record. Appends are durable when they resolve; the
 * file is written anew from the entries when it has grown, and replaced by renaming.
 */
import { dirname } from 'node:path';
import { type LedgerEvent } from '../../core/commands/ledger';
import { type Clock } from '../clock';
import { ByteWriter } from '../outbox/bytes';
import { encodeBlock, encodeMarks, writeRecord } from '../outbox/format';
import { diskError, type OutboxFile, type OutboxFs, readWhole } from '../outbox/fs';
import { walkBlocks } from '../outbox/survey';

/** Size at which the journal is written anew, bytes; more when what must be kept is larger. */
export const JOURNAL_BYTES = 4 * 1024 * 1024;
const NO_DICTIONARY = Buffer.alloc(0);

export interface JournalStart {
  readonly events: readonly LedgerEvent[];
  /** Bytes at the end that were a torn write. */
  readonly tornBytes: number;
  /** Bytes in the middle that could not be read. */
  readonly damagedBytes: number;
}

export interface JournalTarget {
  /** The event is durable. */
  apply(event: LedgerEvent): void;
  /** Events that make the ledger as it is. */
  snapshot(): Iterable<LedgerEvent>;
}

interface Waiting {
  readonly events: readonly LedgerEvent[];
  resolve(): void;
  reject(error: Error): void;
}

export class Journal {
  private pending: Waiting[] = [];
  private running: Promise<void> | undefined;
  private file: OutboxFile | undefined;

  private constructor(
    private readonly fs: OutboxFs,
    private readonly path: string,
    private readonly clock: Clock,
    private readonly target: JournalTarget,
    private bytes: number,
    private rewriteAt: number,
  ) {}

  static async open(
    fs: OutboxFs,
    path: string,
    clock: Clock,
    target: JournalTarget,
  ): Promise<{ journal: Journal; start: JournalStart }> {
    try {
      await fs.makeDirectory(dirname(path));
      const content = await readWhole(fs, path).catch((e: NodeJS.ErrnoException) => {
        if (e.code === 'ENOENT') return undefined;
        throw e;
      });
      const start = readJournal(content ?? Buffer.alloc(0));
      const journal = new Journal(
        fs,
        path,
        clock,
        target,
        start.validBytes,
        start.damagedBytes > 0 ? 0 : JOURNAL_BYTES,
      );
      if (!content) await journal.create();
      else await journal.cut(start);
      return { journal, start };
    } catch (cause) {
      throw diskError(`open ledger ${path}`, cause);
    }
  }

  /** Resolves when the events are durable. Throws OutboxError; then they are not in the journal. */
  append(events: readonly LedgerEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({ events, resolve, reject });
      this.running ??= this.run();
    });
  }

  async close(): Promise<void> {
    await this.running;
    await this.file?.close();
    this.file = undefined;
  }

  private async run(): Promise<void> {
    await Promise.resolve();
    while (this.pending.length > 0) {
      const group = this.pending.splice(0);
      try {
        const events = group.flatMap((w) => w.events);
        await this.write(events);
        for (const event of events) this.target.apply(event);
        for (const waiting of group) waiting.resolve();
      } catch (cause) {
        const error = diskError('write ledger', cause);
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.running = undefined;
  }

  private async write(events: readonly LedgerEvent[]): Promise<void> {
    if (this.bytes >= this.rewriteAt) await this.rewrite();
    const block = encodeEvents(events, this.clock.now());
    this.file ??= await this.fs.openForWriting(this.path);
    try {
      await this.file.write(block, this.bytes);
      await this.file.datasync();
    } catch (error) {
      // A second fdatasync may lie: what was written is taken off, and the file opened anew before it is used again.
      await this.file.truncate(this.bytes).catch(() => undefined);
      await this.file.close().catch(() => undefined);
      this.file = undefined;
      throw error;
    }
    this.bytes += block.length;
  }

  private async rewrite(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    const bytes = await this.replace(encodeEvents([...this.target.snapshot()], this.clock.now()));
    this.bytes = bytes;
    this.rewriteAt = Math.max(JOURNAL_BYTES, 2 * bytes);
  }

  private async create(): Promise<void> {
    this.bytes = await this.replace(Buffer.alloc(0));
  }

  private async replace(content: Buffer): Promise<number> {
    const temporary = `${this.path}.new`;
    await this.fs.remove(temporary).catch(() => undefined);
    const file = await this.fs.create(temporary);
    try {
      await file.write(content, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.fs.rename(temporary, this.path);
    await this.fs.syncDirectory(dirname(this.path));
    return content.length;
  }

  private async cut(start: JournalStart & { validBytes: number }): Promise<void> {
    if (start.tornBytes === 0) return;
    const file = await this.fs.openForWriting(this.path);
    try {
      await file.truncate(start.validBytes);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

function encodeEvents(events: readonly LedgerEvent[], at: number): Buffer {
  const out = new ByteWriter();
  for (const event of events) {
    const body = Buffer.from(JSON.stringify(event));
    writeRecord(out, { stream: 0, counter: '', key: '', seq: 0, readings: 0, body });
  }
  const payload = Buffer.concat([encodeMarks(new Map()), out.view()]);
  return encodeBlock(payload, events.length, 0, Math.max(0, Math.trunc(at)), NO_DICTIONARY);
}

/** Everything readable of a journal, pure. */
export function readJournal(content: Buffer): JournalStart & { readonly validBytes: number } {
  const events: LedgerEvent[] = [];
  let validBytes = 0;
  let damagedBytes = 0;
  for (const block of walkBlocks(content, 0, NO_DICTIONARY)) {
    damagedBytes += block.offset - validBytes;
    validBytes = block.offset + block.bytes.length;
    for (const { body } of block.content.records) events.push(JSON.parse(body.toString()) as LedgerEvent);
  }
  return { events, validBytes, damagedBytes, tornBytes: content.length - validBytes };
}
