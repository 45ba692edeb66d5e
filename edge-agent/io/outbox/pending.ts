/** Records accepted and not yet durable: at most a few blocks, in the order they were accepted. */
import { type OutboxError } from '../outbox-api';
import { BLOCK_BYTES } from './bounds';
import { ByteWriter } from './bytes';
import { type CounterState, encodeMarks } from './format';

export interface Waiter {
  resolve(): void;
  reject(error: OutboxError): void;
}

/** One block to be: everything of it becomes durable together or not at all. */
export class PendingBlock {
  readonly writer = new ByteWriter();
  readonly counters = new Map<string, CounterState>();
  readonly marks = new Map<string, number>();
  readonly waiters: Waiter[] = [];
  count = 0;

  get bytes(): number {
    return this.writer.length;
  }

  payload(): Buffer {
    return Buffer.concat([encodeMarks(this.marks), this.writer.view()]);
  }
}

/** The last block takes appends until it is full or being written. */
export class PendingBlocks {
  private readonly blocks: PendingBlock[] = [];

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
    const block = new PendingBlock();
    this.blocks.push(block);
    return block;
  }

  take(): PendingBlock | undefined {
    return this.blocks.shift();
  }

  takeAll(): PendingBlock[] {
    return this.blocks.splice(0);
  }
}
