/** Gives every partition of every generation its worker, and says how it goes. */
import { type Logger } from 'pino';
import { type Conflict } from '../domain/ingest/recovery';
import { type ProjectorMetrics } from './metrics';
import { type PartitionReport, PartitionWorker, type WorkerDeps } from './partition';
import { type Clock, type Generation } from './ports';
import { type Projection } from './projections';

/** A wait shorter than this is no news for /readyz. */
const PATIENT_MS = 5_000;
/** The same reason is logged again after this long. */
const REPEAT_LOG_MS = 60_000;

interface Trouble {
  readonly since: number;
  readonly reason: string;
  readonly logged_at: number;
  readonly stopped: boolean;
}

export class Projector {
  private workers: Promise<unknown> = Promise.resolve();
  private readonly troubles = new Map<string, Trouble>();
  private readonly done = new Set<string>();
  private assigned: string[] | undefined;

  constructor(
    private readonly projections: readonly Projection[],
    private readonly deps: WorkerDeps,
    private readonly metrics: ProjectorMetrics,
    private readonly log: Logger,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The workers of the generation before have been told to end; theirs come after the last insert has. */
  assign(generation: Generation, assignment: Readonly<Record<string, readonly number[]>>): void {
    const before = this.workers;
    const partitions = this.projections.flatMap((p) => (assignment[p.topic] ?? []).map((n) => ({ p, n })));
    this.forgetLost(partitions.map(({ p, n }) => `${p.topic}:${n}`));
    this.log.info({ partitions: partitions.length }, 'partitions assigned');
    this.workers = before.then(() =>
      generation.signal.aborted ? undefined : Promise.all(partitions.map(({ p, n }) => this.work(generation, p, n))),
    );
  }

  /** Resolves when all workers have ended. */
  async ended(): Promise<void> {
    await this.workers;
  }

  /** Every partition has come as far as its bounds say. */
  isDone(): boolean {
    return this.assigned !== undefined && this.assigned.every((key) => this.done.has(key));
  }

  /** Undefined when every partition is being projected. */
  notReady(): string | undefined {
    if (!this.assigned) return 'not a member of the group yet';
    const now = this.clock.now();
    const bad = [...this.troubles].filter(([, t]) => t.stopped || now - t.since >= PATIENT_MS);
    const first = bad[0];
    if (!first) return undefined;
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more partitions)` : '';
    return `${first[0]}: ${first[1].reason}${more}`;
  }

  private async work(generation: Generation, projection: Projection, partition: number): Promise<void> {
    const key = `${projection.topic}:${partition}`;
    const metrics = this.metrics.of(projection.topic, partition);
    const worker = new PartitionWorker(projection, partition, generation, this.deps, metrics, this.reportOf(key));
    if ((await worker.run()) === 'done') this.done.add(key);
  }

  private forgetLost(assigned: string[]): void {
    for (const key of this.assigned ?? [])
      if (!assigned.includes(key)) {
        const at = key.lastIndexOf(':');
        this.metrics.forget(key.slice(0, at), Number(key.slice(at + 1)));
      }
    this.troubles.clear();
    this.assigned = assigned;
  }

  private reportOf(partition: string): PartitionReport {
    const log = this.log.child({ partition });
    return {
      working: () => {
        if (this.troubles.delete(partition)) log.info('works again');
      },
      waiting: (reason) => this.trouble(partition, reason, false, () => log.warn({ reason }, 'waiting')),
      stopped: (c: Conflict) =>
        this.trouble(partition, `stopped, ${c.code}: ${c.reason}`, true, () =>
          log.error({ code: c.code, reason: c.reason, hint: c.hint }, 'partition stopped: an operator must decide'),
        ),
      recovered: (how, at) => log.info({ how, at }, 'recovered'),
      reread: (intent) => log.warn({ from: intent.from, to: intent.to }, 'compacted since it was intended: read again'),
      refused: (refused) =>
        log.warn(
          { offsets: refused.slice(0, 20).map((r) => r.message.offset), count: refused.length },
          'to the dead letters',
        ),
    };
  }

  private trouble(partition: string, reason: string, stopped: boolean, say: () => void): void {
    const now = this.clock.now();
    const known = this.troubles.get(partition);
    const isNews = known?.reason !== reason || now - known.logged_at >= REPEAT_LOG_MS;
    if (isNews) say();
    this.troubles.set(partition, {
      since: known?.since ?? now,
      reason,
      stopped,
      logged_at: isNews ? now : known.logged_at,
    });
  }
}
