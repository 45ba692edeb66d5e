import { createHash } from 'node:crypto';
import { LauncherError } from './errors';
import { ManagedProcess } from './managed-process';
import { isAlive, type ProcessId } from './process-table';
import { type ProcessRecord, type RunFile } from './run-file';
import { type NodeSpec, type ProcessSpec, type TaskSpec } from './spec';

/** What happened, for the progress display. */
export interface Progress {
  readonly name: string;
  readonly what: 'adopted' | 'ready' | 'done' | 'restarting' | 'unready' | 'failed' | 'stopped';
  readonly after_ms: number;
  readonly reason?: string;
}

export interface SupervisorOptions {
  /** Value of MILLRACE_INSTANCE of every process. */
  readonly instance: string;
  readonly logDir: string;
  readonly progress: (p: Progress) => void;
  /** After every change of any process. */
  readonly changed: () => void;
}

/** Digest of everything that makes a process what it is. */
export function fingerprintOf(spec: ProcessSpec): string {
  const { command, args, env, cwd } = spec;
  const sorted = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([command, args, cwd, sorted]))
    .digest('hex')
    .slice(0, 16);
}

/** Records of live processes that are exactly what the specs ask for; everything else of the instance must go. */
export function adoptable(run: RunFile | undefined, specs: readonly ProcessSpec[]): Map<string, ProcessRecord> {
  const wanted = new Map(specs.map((s) => [s.name, fingerprintOf(s)]));
  const fits = (r: ProcessRecord): boolean => r.id !== null && isAlive(r.id) && wanted.get(r.name) === r.fingerprint;
  return new Map((run?.processes ?? []).filter(fits).map((r) => [r.name, r]));
}

/** A stack of processes and tasks: started in the order of their needs, in parallel where they have none; stopped in reverse. */
export class Supervisor {
  private readonly managed = new Map<string, ManagedProcess>();
  private readonly pending = new Map<string, Promise<void>>();
  private readonly begun = Date.now();
  private stopping = false;

  constructor(
    private readonly nodes: readonly NodeSpec[],
    private readonly options: SupervisorOptions,
  ) {
    checkNeeds(nodes);
    const { instance, logDir } = options;
    for (const spec of nodes)
      if (spec.kind === 'process')
        this.managed.set(spec.name, new ManagedProcess(spec, { instance, logDir, changed: (p) => this.changed(p) }));
  }

  /** Resolves when everything is ready; rejects with the first failure, and leaves stopping to the caller. */
  async start(adopt: ReadonlyMap<string, ProcessRecord> = new Map()): Promise<void> {
    for (const node of inOrder(this.nodes)) {
      const needed = node.needs.flatMap((n) => this.pending.get(n) ?? []);
      const begin = async (): Promise<void> => {
        await Promise.all(needed);
        if (this.stopping) throw new LauncherError('stopped', `start ${node.name}`, 'stopped before it started', '');
        await (node.kind === 'task' ? this.runTask(node) : this.startProcess(node, adopt.get(node.name)));
      };
      const begun = begin();
      begun.catch(() => undefined); // the failure is reported once, below
      this.pending.set(node.name, begun);
    }
    await Promise.all(this.pending.values());
  }

  /** Stops each process after those that need it. `forced`, once aborted, kills what is left at once. */
  async stop(forced?: AbortSignal): Promise<void> {
    this.stopping = true;
    const stopped = new Map<string, Promise<void>>();
    for (const node of inOrder(this.nodes).reverse()) {
      const dependents = this.nodes
        .filter((n) => n.needs.includes(node.name))
        .flatMap((n) => stopped.get(n.name) ?? []);
      const process = this.managed.get(node.name);
      stopped.set(
        node.name,
        Promise.all(dependents).then(() => process?.stop(forced)),
      );
    }
    await Promise.all(stopped.values());
  }

  records(): ProcessRecord[] {
    return [...this.managed.values()].map((p) => ({
      name: p.spec.name,
      id: p.id ?? null,
      state: p.life.state,
      reason: p.life.reason ?? null,
      restarts: p.life.restarts,
      started_at: p.started_at ?? null,
      address: p.spec.address ?? null,
      metrics: p.spec.metricsUrl ?? null,
      fingerprint: fingerprintOf(p.spec),
    }));
  }

  private async startProcess(spec: ProcessSpec, record: ProcessRecord | undefined): Promise<void> {
    const process = this.managed.get(spec.name);
    const id: ProcessId | null = record?.id ?? null;
    if (id) this.report(spec.name, 'adopted');
    await process?.start(id ? { id, started_at: record?.started_at ?? Date.now() } : undefined);
  }

  private async runTask(task: TaskSpec): Promise<void> {
    await task.run();
    this.report(task.name, 'done');
  }

  private changed(p: ManagedProcess): void {
    const { state, reason } = p.life;
    if (p.started_at === undefined) return; // never ran: its end is no news
    if (state === 'ready' || state === 'restarting' || state === 'unready' || state === 'failed' || state === 'stopped')
      this.report(p.spec.name, state, reason);
    this.options.changed();
  }

  private report(name: string, what: Progress['what'], reason?: string): void {
    this.options.progress({ name, what, after_ms: Date.now() - this.begun, ...(reason !== undefined && { reason }) });
  }
}

function checkNeeds(nodes: readonly NodeSpec[]): void {
  const names = new Set<string>();
  for (const { name } of nodes) {
    if (names.has(name)) throw new Error(`two nodes are called ${name}`);
    names.add(name);
  }
  for (const n of nodes)
    for (const need of n.needs) if (!names.has(need)) throw new Error(`${n.name} needs ${need}, which does not exist`);
}

/** Needs first. Throws when they go in a circle. */
export function inOrder(nodes: readonly NodeSpec[]): NodeSpec[] {
  const done = new Set<string>();
  const order: NodeSpec[] = [];
  let rest = [...nodes];
  while (rest.length > 0) {
    const free = rest.filter((n) => n.needs.every((need) => done.has(need)));
    if (free.length === 0) throw new Error(`these need each other: ${rest.map((n) => n.name).join(', ')}`);
    for (const n of free) done.add(n.name);
    order.push(...free);
    rest = rest.filter((n) => !done.has(n.name));
  }
  return order;
}
