/** Takes what the outbox holds to the stream, exactly once, for as long as it takes (DESIGN.md §4.2). */
import { frame } from '../../../schemas/codec';
import { type Lane, type ShippedCursor, type StoredBatch, type StoredRecord } from '../outbox-api';
import { add, START } from '../outbox/cursor';
import { backoff_ms } from './backoff';
import { classify, type FailureKind, wholeMessage } from './classify';
import { type Commits, resumeAt } from './commit';
import { DEAD_LETTER_CUTS, deadLetter } from './dead-letter';
import { type Message } from './link';
import { liveFrom, MAX_BACKLOG_BYTES, MAX_RECORDS, nextBacklogBytes, type PlannedRead, planReads } from './plan';
import { Arrivals } from './arrivals';
import { ShipperError, type ShipperOptions, type ShipperState, type ShipperStatus } from './contract';

export * from './contract';

/** Longest wait for a transaction: shorter than the broker's transaction timeout (60 s). */
const SHIP_TIMEOUT_MS = 45_000;
const IDLE_WAIT_MS = 1_000;
/** Least time between two transactions of telemetry alone: each costs the broker five round trips. */
const LINGER_MS = 50;
const HINT_INTERVAL_MS = 5_000;

interface Read {
  readonly plan: PlannedRead;
  readonly batch: StoredBatch;
}

export class Shipper {
  private state: ShipperState = 'stopped';
  private lastError: string | undefined;
  private failures = 0;
  private attempts = 0;
  private transactions = 0;
  private deadLetters = 0;
  private readonly records: Record<Lane, number> = { priority: 0, telemetry: 0 };
  private readings = 0;
  private bytes = 0;
  private lastShippedAt: number | undefined;
  private cursors: Record<Lane, ShippedCursor> = { priority: START, telemetry: START };
  private live: number | undefined;
  private maxRecords = MAX_RECORDS;
  private backlogBytes = MAX_BACKLOG_BYTES;
  private suspect: { lane: Lane; index: number; reason: string; cut: number } | undefined;
  private inTransaction: { since: number; records: number; only?: StoredRecord | undefined } | undefined;
  private hintWrittenAt = Number.NEGATIVE_INFINITY;
  private readonly arrivals = new Arrivals();
  private readonly stopSignal = new AbortController();
  private stopped: Promise<void> = Promise.resolve();

  constructor(private readonly options: ShipperOptions) {}

  start(): void {
    this.stopped = this.run();
  }

  /** Lets a transaction under way end, then disconnects. */
  async stop(): Promise<void> {
    this.stopSignal.abort();
    await this.stopped;
  }

  private get stopping(): boolean {
    return this.stopSignal.signal.aborted;
  }

  get status(): ShipperStatus {
    const { state, lastError, failures, transactions, deadLetters, readings, bytes, lastShippedAt } = this;
    const counted = { records: { ...this.records }, cursors: { ...this.cursors } };
    return { state, lastError, failures, transactions, deadLetters, readings, bytes, lastShippedAt, ...counted };
  }

  /** Resolves when everything of a lane below the index is on the stream or given up with a gap on record. */
  whenShipped(lane: Lane, index: number): Promise<void> {
    return this.arrivals.when(lane, index, this.cursors[lane]);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        this.state = 'connecting';
        await this.connect();
        while (!this.stopping) await this.round();
      } catch (error) {
        if (!(await this.failed(error))) return;
      }
    }
    await this.options.link.disconnect().catch(() => undefined);
    await this.writeHint(true);
    this.state = 'stopped';
  }

  private async connect(): Promise<void> {
    const { outbox, link, hint } = this.options;
    const committed = await link.connect();
    const noted = await hint.read();
    const resumed = {} as Record<Lane, { next: number; because: string }>;
    for (const lane of ['priority', 'telemetry'] as const) {
      const resume = resumeAt(outbox.id, outbox.status(lane).next, committed[lane], noted?.[lane]);
      if (resume.kind === 'refused') throw new ShipperError(resume.code, 'resume', resume.message, FOREIGN_HINT);
      this.cursors[lane] = resume.cursor;
      resumed[lane] = { next: resume.cursor.next, because: resume.because };
    }
    this.live = undefined;
    await this.settle();
    this.options.onEvent({ kind: 'connected', resumed });
  }

  /** One transaction, or a wait for something to ship. */
  private async round(): Promise<void> {
    const { outbox, clock } = this.options;
    const started = clock.monotonic();
    const reads = await this.readNext();
    if (reads.length === 0) {
      this.state = 'idle';
      await outbox.waitForMore(IDLE_WAIT_MS, this.stopSignal.signal);
      return;
    }
    this.state = 'shipping';
    await this.ship(reads);
    this.backlogBytes = nextBacklogBytes(this.backlogBytes, clock.monotonic() - started);
    await this.linger();
  }

  private async readNext(): Promise<Read[]> {
    const { outbox } = this.options;
    const { priority, telemetry } = this.cursors;
    const telemetryNext = outbox.status('telemetry').next;
    this.live = liveFrom(telemetry, telemetryNext, this.live);
    const plans = planReads(
      { priority, telemetry, priorityNext: outbox.status('priority').next, telemetryNext, liveFrom: this.live },
      { maxRecords: this.maxRecords, backlogBytes: this.backlogBytes },
    );
    const reads: Read[] = [];
    for (const plan of plans) {
      const batch = await outbox.read(plan.lane, plan.from, plan);
      if (batch.next > plan.from) reads.push({ plan, batch });
    }
    return reads;
  }

  private async ship(reads: readonly Read[]): Promise<void> {
    const { link, clock, outbox } = this.options;
    const all = reads.flatMap((r) => r.batch.records);
    this.inTransaction = { since: clock.monotonic(), records: all.length, only: all.length === 1 ? all[0] : undefined };
    const { shipped, messages } = await this.frameAll(reads);
    const cursors = { ...this.cursors };
    for (const { plan, batch } of shipped) cursors[plan.lane] = add(cursors[plan.lane], plan.from, batch.next);
    if (messages.length > 0) await withTimeout(link.ship(messages, this.commitsOf(cursors)), SHIP_TIMEOUT_MS);
    this.cursors = cursors;
    this.count(shipped, messages);
    for (const lane of ['priority', 'telemetry'] as const) outbox.release(lane);
    await this.settle();
  }

  /** A lane whose schema cannot be had waits; the other one goes. */
  private async frameAll(reads: readonly Read[]): Promise<{ shipped: Read[]; messages: Message[] }> {
    const shipped: Read[] = [];
    const messages: Message[] = [];
    let refused: Error | undefined;
    for (const read of reads) {
      try {
        const framed: Message[] = [];
        for (const record of read.batch.records) framed.push(await this.frame(record));
        messages.push(...framed);
        shipped.push(read);
      } catch (error) {
        refused ??= error as Error;
        this.lastError = wholeMessage(error);
      }
    }
    if (shipped.length === 0 && refused) throw refused;
    return { shipped, messages };
  }

  private async frame(record: StoredRecord): Promise<Message> {
    const { agentId, schemaIds, clock } = this.options;
    const { suspect } = this;
    if (suspect?.lane === record.lane && suspect.index === record.index) {
      const cut = DEAD_LETTER_CUTS[Math.min(suspect.cut, DEAD_LETTER_CUTS.length - 1)] ?? 0;
      const { topic, key, body, avsc } = deadLetter(agentId, record, suspect.reason, clock.now(), cut);
      return { topic, key, value: frame(await schemaIds.idOf(topic, avsc), body) };
    }
    const { topic, key, avsc, body } = record;
    return { topic, key, value: frame(await schemaIds.idOf(topic, avsc), body) };
  }

  private count(shipped: readonly Read[], messages: readonly Message[]): void {
    const { suspect, inTransaction } = this;
    this.inTransaction = undefined;
    this.attempts = 0;
    this.lastError = undefined;
    this.lastShippedAt = this.options.clock.now();
    this.transactions++;
    this.maxRecords = Math.min(MAX_RECORDS, this.maxRecords * 2);
    for (const message of messages) this.bytes += message.value.length;
    for (const { plan, batch } of shipped) {
      this.records[plan.lane] += batch.records.length;
      for (const record of batch.records) this.readings += record.readings;
    }
    const record = inTransaction?.only;
    if (!suspect || record?.index !== suspect.index || record.lane !== suspect.lane) return;
    this.suspect = undefined;
    this.deadLetters++;
    this.options.onEvent({ kind: 'dead-lettered', record, reason: suspect.reason });
  }

  private async settle(): Promise<void> {
    for (const lane of ['priority', 'telemetry'] as const) {
      await this.options.outbox.settled(lane, this.cursors[lane]);
      this.arrivals.shipped(lane, this.cursors[lane]);
    }
    await this.writeHint(false);
  }

  /** False when shipping is over for good. */
  private async failed(error: unknown): Promise<boolean> {
    const { link, outbox, clock, random } = this.options;
    const failure = this.whatFailed(error);
    this.lastError = wholeMessage(error);
    this.failures++;
    for (const lane of ['priority', 'telemetry'] as const) outbox.release(lane);
    await link.disconnect().catch(() => undefined);
    if (failure === 'fenced') {
      this.state = 'fenced';
      this.options.onFatal(new ShipperError('fenced', 'ship', this.lastError, FENCED_HINT, { cause: error }));
      return false;
    }
    const wait_ms = failure === 'poison' ? 0 : backoff_ms(++this.attempts, random());
    this.options.onEvent({ kind: 'failed', failure, error, wait_ms });
    this.inTransaction = undefined;
    if (wait_ms === 0) return true;
    this.state = 'backing-off';
    await this.writeHint(true);
    await clock.sleep(wait_ms, this.stopSignal.signal);
    return true;
  }

  /** The broker also takes the epoch of a producer that was silent for its transaction timeout: that is no second copy. */
  private whatFailed(error: unknown): FailureKind {
    const kind = classify(error);
    const { inTransaction } = this;
    const took_ms = inTransaction ? this.options.clock.monotonic() - inTransaction.since : 0;
    if (kind === 'fenced' && took_ms > SHIP_TIMEOUT_MS) return 'transient';
    if (kind !== 'poison' || !inTransaction) return kind;
    return this.narrow(inTransaction, wholeMessage(error)) ? 'poison' : 'transient';
  }

  /** Halves the transaction until one record is left, which is then put aside. False when even that is refused. */
  private narrow(transaction: { records: number; only?: StoredRecord | undefined }, reason: string): boolean {
    const { only } = transaction;
    if (!only) {
      this.maxRecords = Math.max(1, Math.floor(transaction.records / 2));
      return true;
    }
    const { suspect } = this;
    this.maxRecords = 1;
    if (suspect?.lane !== only.lane || suspect.index !== only.index) {
      this.suspect = { lane: only.lane, index: only.index, reason, cut: 0 };
      return true;
    }
    suspect.cut++;
    return suspect.cut < DEAD_LETTER_CUTS.length;
  }

  /** Waits a little for more telemetry; never when there is a backlog or anything of priority. */
  private async linger(): Promise<void> {
    const { outbox, clock } = this.options;
    const until = clock.monotonic() + LINGER_MS;
    const quiet = (): boolean =>
      !this.stopping &&
      this.live === undefined &&
      this.maxRecords === MAX_RECORDS &&
      outbox.status('priority').next <= this.cursors.priority.next;
    while (quiet() && clock.monotonic() < until)
      await outbox.waitForMore(Math.max(1, until - clock.monotonic()), this.stopSignal.signal);
  }

  private commitsOf(cursors: Readonly<Record<Lane, ShippedCursor>>): Commits {
    const { id } = this.options.outbox;
    return {
      priority: { outbox: id, cursor: cursors.priority },
      telemetry: { outbox: id, cursor: cursors.telemetry },
    };
  }

  private async writeHint(now: boolean): Promise<void> {
    const { clock, hint } = this.options;
    if (this.transactions === 0 || (!now && clock.monotonic() - this.hintWrittenAt < HINT_INTERVAL_MS)) return;
    this.hintWrittenAt = clock.monotonic();
    await hint.write(this.commitsOf(this.cursors)).catch(() => undefined);
  }
}

const FENCED_HINT = 'another process ships as this agent: stop one of them, or give each its own agent id';
const FOREIGN_HINT = 'restore the agent’s disk, or give this agent a new id: numbers already used must not come again';

function withTimeout<T>(work: Promise<T>, timeout_ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ShipperError('stalled', 'ship', `no answer in ${timeout_ms} ms`, 'is the stream reachable?')),
      timeout_ms,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
