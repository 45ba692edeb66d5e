/** The counters of a lane: numbers are drawn when a record is appended, kept when it is durable, and taken back when it fails. */
import { type Lane, OutboxError, type OutboxRecord } from '../outbox-api';
import { MAX_APPEND_BYTES, MAX_RECORD_BYTES } from './bounds';
import { type Counters, type CounterState, writeRecord } from './format';
import { type PendingBlock } from './pending';

const ZERO: CounterState = { seq: 0, readings: 0 };

export class Numbering {
  private readonly kept: Map<string, CounterState>;
  private readonly drawn = new Map<string, CounterState>();

  constructor(
    private readonly lane: Lane,
    private readonly streamIds: ReadonlyMap<string, number>,
    start: Counters,
  ) {
    this.kept = new Map(start);
  }

  /** As far as it is durable. */
  get durable(): Counters {
    return this.kept;
  }

  state(counter: string): CounterState {
    return this.drawn.get(counter) ?? this.kept.get(counter) ?? ZERO;
  }

  /** Numbers the records and writes them into the block; all or, when it throws, none. */
  write(block: PendingBlock, records: readonly OutboxRecord[]): number[] {
    const start = block.writer.length;
    const before = new Map<string, CounterState>();
    const seqs: number[] = [];
    try {
      for (const record of records) {
        const last = this.state(record.counter);
        if (!before.has(record.counter)) before.set(record.counter, last);
        const seq = last.seq + 1;
        this.writeOne(block, record, seq);
        this.drawn.set(record.counter, { seq, readings: last.readings + record.readings });
        seqs.push(seq);
      }
      const bytes = block.writer.length - start;
      if (bytes > MAX_APPEND_BYTES) throw tooLarge('append-too-large', bytes);
    } catch (error) {
      block.writer.rewind(start);
      for (const [counter, state] of before) this.drawn.set(counter, state);
      throw error;
    }
    for (const counter of before.keys()) block.counters.set(counter, this.state(counter));
    block.count += records.length;
    return seqs;
  }

  /** These are durable now. */
  keep(counters: Counters): void {
    for (const [counter, state] of counters) this.kept.set(counter, state);
  }

  /** What was drawn and is not durable was seen by nobody: it is drawn again. */
  takeBack(): void {
    this.drawn.clear();
  }

  private writeOne(block: PendingBlock, record: OutboxRecord, seq: number): void {
    const stream = this.streamIds.get(record.topic);
    if (stream === undefined) throw unknownTopic(record.topic, this.lane);
    const body = record.encode(seq);
    if (body.length > MAX_RECORD_BYTES) throw tooLarge('record-too-large', body.length);
    const { counter, key, readings } = record;
    writeRecord(block.writer, { stream, counter, key, seq, readings, body });
  }
}

function tooLarge(code: 'record-too-large' | 'append-too-large', bytes: number): OutboxError {
  const bound = code === 'record-too-large' ? MAX_RECORD_BYTES : MAX_APPEND_BYTES;
  return new OutboxError(code, 'append', `${bytes} bytes, the bound is ${bound}`, 'put fewer readings into one');
}

function unknownTopic(topic: string, lane: Lane): OutboxError {
  const message = `${topic} is no stream of the ${lane} lane`;
  return new OutboxError('incompatible', 'append', message, 'declare it when opening');
}
