/** A projector process in the simulated world: the real workers over ports that fail. */
import { untraced } from '../../../../schemas/tracing/tracer';
import { type Writer } from '../../../../services/domain/ingest/judge';
import { type Conflict } from '../../../../services/domain/ingest/recovery';
import { Memory } from '../../../../services/domain/ingest/memory';
import { ProjectorError, SinkError } from '../../../../services/projector/errors';
import { Gate } from '../../../../services/projector/gate';
import { type PartitionMetrics } from '../../../../services/projector/metrics';
import { type PartitionReport, PartitionWorker, type WorkerDeps } from '../../../../services/projector/partition';
import { type Chunk, type Feed, type Generation, type Sink } from '../../../../services/projector/ports';
import { type Projection } from '../../../../services/projector/projections';
import { decode, REFUSED, type World } from './world';

export interface Faults {
  /** Chance per call that the process dies before, or after, the call has its effect. */
  readonly crash: number;
  /** Chance per call that it fails before its effect, or that its answer is lost after it. */
  readonly error: number;
  /** Chance per call that the process stands still for a minute: long enough to be replaced. */
  readonly stall: number;
}

export const NO_FAULTS: Faults = { crash: 0, error: 0, stall: 0 };

const STALL_MS = 60_000;
const NOTICE_MS = 300;

export class Process {
  dead = false;
  conflicts: Conflict[] = [];
  waits: string[] = [];
  lags: number[] = [];
  private stalledUntil = 0;
  private readonly over = new AbortController();
  private readonly stop = new AbortController();
  private readonly generation: number;
  private readonly known = new Map<string, Writer>();
  ended = 0;

  constructor(
    private readonly world: World,
    private readonly projections: readonly { projection: Projection; partition: number }[],
    private readonly faults: Faults,
    private readonly chance: () => number,
    private readonly gate = new Gate(),
    private readonly memory = new Memory(2),
  ) {
    this.generation = ++world.group.generation;
  }

  start(): void {
    for (const { projection, partition } of this.projections)
      void new PartitionWorker(projection, partition, this.member(), this.deps(), METRICS(this), this.report())
        .run()
        .then(() => this.ended++);
  }

  /** As SIGTERM: finishes what is under way. */
  stopInOrder(): void {
    this.stop.abort();
  }

  /** As kill -9: nothing it has under way goes on. */
  kill(): void {
    this.dead = true;
  }

  get stalled(): boolean {
    return this.stalledUntil > this.world.time.now();
  }

  /** The group has told it, as a heartbeat does. */
  dismiss(): void {
    this.over.abort();
  }

  private async call<T>(effect: () => T | Promise<T>): Promise<T> {
    await this.pass();
    if (this.chance() < this.faults.error) throw new SinkError('simulated', undefined, 'connection refused');
    const result = await effect();
    await this.pass();
    if (this.chance() < this.faults.error) throw new SinkError('simulated', undefined, 'answer lost');
    return result;
  }

  /** A little time; the process may die or stand still here. */
  private async pass(): Promise<void> {
    const { time } = this.world;
    await time.sleep(this.chance() * 20);
    if (this.chance() < this.faults.crash) this.kill();
    if (this.chance() < this.faults.stall) this.stall();
    await this.alive();
  }

  private async alive(): Promise<void> {
    const { time } = this.world;
    while (this.stalled) await time.sleep(this.stalledUntil - time.now());
    if (this.dead) await new Promise<never>(() => undefined);
  }

  private stall(): void {
    const { time } = this.world;
    this.stalledUntil = time.now() + STALL_MS;
    time.after(STALL_MS + this.chance() * NOTICE_MS, () => {
      if (this.generation !== this.world.group.generation) this.dismiss();
    });
  }

  private member(): Generation {
    const { group } = this.world;
    return {
      signal: this.over.signal,
      committed: (topic, partition) => this.call(() => group.commits.get(`${topic}:${partition}`)),
      commit: (topic, partition, offset, metadata) =>
        this.call(() => {
          try {
            group.commit(this.generation, `${topic}:${partition}`, offset, metadata);
          } catch (e) {
            this.dismiss();
            throw e;
          }
        }),
    };
  }

  private deps(): WorkerDeps {
    const { world } = this;
    return {
      clock: world.time,
      gate: this.gate,
      memory: this.memory,
      tracer: untraced,
      adoptLedger: false,
      stopping: this.stop.signal,
      sink: this.sink(),
      deadLetters: {
        send: (topic, partition, refused) =>
          this.call(() => void world.deadLetters.push(...refused.map((r) => ({ ...r, topic, partition })))),
      },
      writers: {
        known: (p, id) => this.known.get(`${p.topic}:${id}`),
        learn: (p, id) =>
          this.call(() => {
            const writer = world.writer(p, id);
            this.known.set(`${p.topic}:${id}`, writer);
            return writer;
          }),
      },
      log: {
        crowded: () => false,
        watermarks: (topic, partition) =>
          this.call(() => ({ low: world.log(topic, partition).low, high: world.log(topic, partition).high })),
        open: (topic, partition, from) => this.feed(topic, partition, from),
      },
    };
  }

  private sink(): Sink {
    const { tables } = this.world;
    return {
      insert: (landing, { container, block }, token) =>
        this.call(() => {
          const way = block?.().table ?? landing;
          const cut = this.chance() < this.faults.error;
          tables.insert(container, `${way} ${token}`, cut ? Math.floor(this.chance() * 3) : tables.targets.length);
          if (cut) throw new SinkError('insert', 241, 'the engine died half-way');
        }),
      probe: (_, container) =>
        this.call(() => (decode(container).some((r) => r.device_id === REFUSED) ? 'refused' : 'taken')),
      record: (entry, token) => this.call(() => tables.record(entry, token)),
      ledgerHead: (topic, partition) => this.call(() => tables.head(topic, partition)),
      insertsSince: (topic, at) => this.call(() => tables.since(topic, at)),
    };
  }

  private feed(topic: string, partition: number, from: number): Feed {
    const log = this.world.log(topic, partition);
    let position = from;
    const next = (): Chunk | undefined => {
      if (position < log.low) throw new ProjectorError('range-lost', 'read', 'out of range', '');
      const chunk = log.read(position, 1 + Math.floor(this.chance() * 8), this.world.time.now());
      position = chunk?.position ?? position;
      return chunk;
    };
    return {
      ready: false,
      next: async (wait_ms, signal) => {
        for (const end = this.world.time.now() + wait_ms; ;) {
          await this.alive();
          const chunk = signal.aborted ? undefined : next();
          if (chunk) await this.pass();
          if (chunk || signal.aborted || this.world.time.now() >= end) return chunk;
          await log.arrival(Math.max(1, end - this.world.time.now()), signal);
        }
      },
      release: () => undefined,
      close: () => undefined,
    };
  }

  private report(): PartitionReport {
    return {
      working: () => undefined,
      waiting: (reason) => void this.waits.push(reason),
      stopped: (conflict) => void this.conflicts.push(conflict),
      recovered: () => undefined,
      reread: () => undefined,
      refused: () => undefined,
    };
  }
}

const METRICS = (process: Process): PartitionMetrics => ({
  lag: (n) => void process.lags.push(n),
  projected: () => undefined,
  inserted: () => undefined,
  replayed: () => undefined,
  refused: () => undefined,
  stopped: () => undefined,
});
