/** Takes what the outbox holds to the stream, exactly once, for as long as it takes (DESIGN.md §4.2). */
import { type Lane, type ShippedCursor } from '../outbox-api';
import { add, START } from '../outbox/cursor';
import { Arrivals } from './arrivals';
import { backoff_ms } from './backoff';
import { classify, type FailureKind, wholeMessage } from './classify';
import { type Commits } from './commit';
import { ShipperError, type ShipperOptions, type ShipperState, type ShipperStatus } from './contract';
import { type Aside, Framer, type Read } from './framer';
import { Note } from './hint';
import { FIRST_BACKLOG_BYTES, liveFrom, nextBacklogBytes, planReads } from './plan';
import { PoisonHunt, type Refused } from './poison';
import { resume } from './resume';
import { Tally } from './tally';

export * from './contract';

/** Longest wait for a transaction: shorter than the broker's transaction timeout (60 s). */
const SHIP_TIMEOUT_MS = 45_000;
const IDLE_WAIT_MS = 1_000;
/** Least time between two transactions of telemetry alone: each costs the broker five round trips. */
const LINGER_MS = 50;
const LANES: readonly Lane[] = ['priority', 'telemetry'];

export class Shipper {
  private state: ShipperState = 'stopped';
  private failing: { readonly kind: FailureKind; readonly message: string } | undefined;
  private failures = 0;
  private attempts = 0;
  private readonly tally = new Tally();
  private cursors: Record<Lane, ShippedCursor> = { priority: START, telemetry: START };
  private connectedBefore = false;
  private live: number | undefined;
  private backlogBytes = FIRST_BACKLOG_BYTES;
  private readonly poison = new PoisonHunt();
  private inTransaction: ({ since: number } & Refused) | undefined;
  private readonly framer: Framer;
  private readonly note: Note;
  private readonly arrivals = new Arrivals();
  private readonly stopSignal = new AbortController();
  private stopped: Promise<void> = Promise.resolve();

  constructor(private readonly options: ShipperOptions) {
    this.note = new Note(options.hint, options.clock);
    this.framer = new Framer(options, this.poison);
  }

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

  /** The stream takes what this agent ships, as far as is known. */
  get works(): boolean {
    return this.state === 'idle' || this.state === 'shipping';
  }

  get status(): ShipperStatus {
    const { state, failing, failures, cursors, tally } = this;
    const error = { failure: failing?.kind, lastError: failing?.message, failures };
    return { state, ...error, ...tally, records: { ...tally.records }, cursors: { ...cursors } };
  }

  /** Resolves when everything of a lane below the index is on the stream or given up with a gap on record. */
  whenShipped(lane: Lane, index: number): Promise<void> {
    return this.arrivals.when(lane, index, this.cursors[lane]);
  }

  private async run(): Promise<void> {
    await this.goByNote();
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
    await this.writeNote(true);
    this.state = 'stopped';
  }

  /** Until the stream can be asked, the note says what need not be kept: a disk that fills up gives that up first. */
  private async goByNote(): Promise<void> {
    const nothing: Commits = { priority: undefined, telemetry: undefined };
    try {
      this.cursors = resume(this.options.outbox, nothing, await this.note.read(), true).cursors;
      await this.settle();
    } catch (error) {
      this.failing = { kind: classify(error), message: wholeMessage(error) };
    }
  }

  private async connect(): Promise<void> {
    const { outbox, link, onEvent } = this.options;
    const noted = await this.note.read();
    const first = !this.connectedBefore;
    // Looked at before anybody is fenced: a stranger's disk must not stop the agent it belongs to.
    const committed = await link.connect((found) => void resume(outbox, found, noted, first));
    const { cursors, because } = resume(outbox, committed, noted, first);
    this.connectedBefore = true;
    const forgotten = LANES.some((lane) => cursors[lane].next < this.cursors[lane].next);
    this.cursors = cursors;
    if (forgotten) this.options.onForgotten?.();
    this.live = undefined;
    await this.settle();
    onEvent({ kind: 'connected', resumed: because });
  }

  /** One transaction, or a wait for something to ship. */
  private async round(): Promise<void> {
    const { outbox, clock } = this.options;
    const started = clock.monotonic();
    const reads = await this.readNext();
    if (reads.length === 0) {
      this.state = 'idle';
      this.failing = undefined;
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
      { maxRecords: this.poison.maxRecords, backlogBytes: this.backlogBytes },
    );
    const reads: Read[] = [];
    for (const { lane, from, ...bounds } of plans) {
      const batch = await outbox.read(lane, from, bounds);
      if (batch.next > from) reads.push({ lane, from, batch });
    }
    return reads;
  }

  private async ship(reads: readonly Read[]): Promise<void> {
    const { link, clock, outbox } = this.options;
    const all = reads.flatMap((r) => r.batch.records);
    const only = all.length === 1 ? all[0] : undefined;
    this.inTransaction = { since: clock.monotonic(), records: all.length, only };
    const { shipped, messages, aside, refused } = await this.framer.all(reads);
    const cursors = { ...this.cursors };
    for (const { lane, from, batch } of shipped) cursors[lane] = add(cursors[lane], from, batch.next);
    if (messages.length > 0) await withTimeout(link.ship(messages, this.commitsOf(cursors)), SHIP_TIMEOUT_MS);
    this.cursors = cursors;
    this.inTransaction = undefined;
    this.attempts = 0;
    this.failing = refused && { kind: classify(refused), message: wholeMessage(refused) };
    this.options.traces?.shipped(shipped);
    this.tally.shipped(shipped, messages, clock.now());
    const found = this.poison.succeeded(only);
    for (const one of found ? [found, ...aside] : aside) this.putAside(one);
    for (const lane of LANES) outbox.release(lane);
    await this.settle();
  }

  private putAside({ record, reason }: Aside): void {
    this.tally.deadLetters++;
    this.options.onEvent({ kind: 'dead-lettered', record, reason });
  }

  private async settle(): Promise<void> {
    for (const lane of LANES) {
      await this.options.outbox.settled(lane, this.cursors[lane]);
      this.arrivals.shipped(lane, this.cursors[lane]);
    }
    await this.writeNote(false);
  }

  /** False when shipping is over for good. */
  private async failed(error: unknown): Promise<boolean> {
    const { link, outbox, clock, random } = this.options;
    const failure = this.whatFailed(error);
    this.failing = { kind: failure, message: wholeMessage(error) };
    this.failures++;
    for (const lane of LANES) outbox.release(lane);
    await link.disconnect().catch(() => undefined);
    if (failure === 'fenced') {
      this.state = 'fenced';
      this.options.onFatal(new ShipperError('fenced', 'ship', this.failing.message, FENCED_HINT, { cause: error }));
      return false;
    }
    const wait_ms = failure === 'poison' ? 0 : backoff_ms(++this.attempts, random());
    this.options.onEvent({ kind: 'failed', failure, error, wait_ms });
    this.inTransaction = undefined;
    if (wait_ms === 0) return true;
    this.state = 'backing-off';
    await this.writeNote(true);
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
    return this.poison.narrow(inTransaction, wholeMessage(error)) ? 'poison' : 'transient';
  }

  /** Waits a little for more telemetry; never when there is a backlog or anything of priority. */
  private async linger(): Promise<void> {
    const { outbox, clock } = this.options;
    const until = clock.monotonic() + LINGER_MS;
    const quiet = (): boolean =>
      !this.stopping &&
      this.live === undefined &&
      !this.poison.hunting &&
      outbox.status('priority').next <= this.cursors.priority.next;
    while (quiet() && clock.monotonic() < until)
      await outbox.waitForMore(Math.max(1, until - clock.monotonic()), this.stopSignal.signal);
  }

  private commitsOf(cursors: Readonly<Record<Lane, ShippedCursor>>): Commits {
    const { id: outbox } = this.options.outbox;
    return { priority: { outbox, cursor: cursors.priority }, telemetry: { outbox, cursor: cursors.telemetry } };
  }

  private async writeNote(now: boolean): Promise<void> {
    if (this.tally.transactions > 0) await this.note.write(this.commitsOf(this.cursors), now);
  }
}

const FENCED_HINT = 'another process ships as this agent: stop one of them, or give each its own agent id';

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
