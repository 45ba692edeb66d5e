/** Records accepted and not yet durable: at most a few blocks, in the order they were accepted. */
import { type OutboxError } from '../outbox-api';
import { BLOCK_BYTES } from './bounds';
import { ByteWriter } from './bytes';
import { type CounterState, encodeMarks } from './format';

export interface Waiter {
  resolve(): void;
  reject(error: OutboxError): void;
}

const NO_MARKS = encodeMarks(new Map());

/** One block to be: everything of it becomes durable together or not at all. */
export class PendingBlock {
  readonly counters = new Map<string, CounterState>();
  readonly marks = new Map<string, number>();
  readonly waiters: Waiter[] = [];
  count = 0;

  constructor(readonly writer: ByteWriter) {
    writer.rewind(0);
    writer.raw(NO_MARKS);
  }

  get bytes(): number {
    return this.writer.length;
  }

  /** Good until the writer is used for another block. Marks are rare: only then is anything copied. */
  payload(): Buffer {
    const view = this.writer.view();
    return this.marks.size === 0 ? view : Buffer.concat([encodeMarks(this.marks), view.subarray(NO_MARKS.length)]);
  }
}

/** The last block takes appends until it is full or being written. */
export class PendingBlocks {
  private readonly blocks: PendingBlock[] = [];
  private spare: ByteWriter | undefined;

  get empty(): boolean {
    return this.blocks.length === 0;
  }

  /** Unsynced bytes, those being written not counted. */
  get bytes(): number {
    return this.blocks.reduce((n, b) => n + b.bytes, 0);
  }

  open(): PendingBlock {
    const last = this.blocks.at(-1);
    if (last && last.bytes < BLOCK_BYTES) return last;
    const block = new PendingBlock(this.spare ?? new ByteWriter());
    this.spare = undefined;
    this.blocks.push(block);
    return block;
  }

  /** The block is settled: its buffer serves the next one. */
  settled(block: PendingBlock): void {
    this.spare = block.writer;
  }

  take(): PendingBlock | undefined {
    return this.blocks.shift();
  }

  takeAll(): PendingBlock[] {
    return this.blocks.splice(0);
  }
}
