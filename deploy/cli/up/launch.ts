/** `millrace up` in the foreground: starts everything, stays to watch over it, and stops everything in order. */
import { mkdirSync } from 'node:fs';
import { platform } from 'node:os';
import { LauncherError } from '../../local/supervisor/errors';
import { processesOf } from '../../local/supervisor/instance';
import { takeLock } from '../../local/supervisor/launcher-lock';
import { groupOf, identify, type ProcessId } from '../../local/supervisor/process-table';
import {
  type Phase,
  type ProcessRecord,
  readRunFile,
  RUN_FILE_VERSION,
  writeRunFile,
} from '../../local/supervisor/run-file';
import { adoptable, Supervisor } from '../../local/supervisor/supervisor';
import { stopAll } from '../../local/supervisor/terminate';
import { addressed, type Context } from '../context';
import { EXIT } from '../errors';
import { type UpOptions } from './options';
import { type Plan, plan, shortPath } from './plan';
import { ProgressLines } from './progress';
import { StopSignals } from './signals';
import { summary } from './summary';

const SWEEP = { signal: 'SIGTERM', timeout_ms: 10_000 } as const;

/** What to start; a test has processes of its own. */
export type Planner = typeof plan;

/** Resolves with the exit code once everything has stopped. Throws LauncherError, InstallError or CliError when it cannot start. */
export async function launch(context: Context, options: UpOptions, planner: Planner = plan): Promise<number> {
  if (platform() !== 'linux')
    throw new LauncherError(
      'prerequisite',
      'up',
      `${platform()} is not supported`,
      'run it on Linux (processes are watched through /proc)',
    );
  const dir = context.dir();
  mkdirSync(dir.path, { recursive: true });
  const release = takeLock(dir.lock);
  const signals = new StopSignals();
  try {
    return await new Launch(context, options, signals, planner).run();
  } finally {
    signals.dispose();
    release();
  }
}

class Launch {
  private readonly progress: ProgressLines;
  private readonly stopped = new AbortController();
  private readonly started_at = Date.now();
  private phase: Phase = 'starting';
  private plan: Plan | undefined;
  private supervisor: Supervisor | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: UpOptions,
    private readonly signals: StopSignals,
    private readonly planner: Planner,
  ) {
    this.progress = new ProgressLines(context.io);
    signals.on(
      () => {
        this.stopped.abort();
        this.progress.beginStop();
        this.progress.say('stopping everything in order (once more to force it) ...');
      },
      () => this.progress.say('stopping everything at once ...'),
    );
  }

  async run(): Promise<number> {
    const { dir, io } = this.context;
    this.progress.say(`millrace: starting in ${shortPath(dir().path)}`);
    try {
      // The signal wins against whatever is being waited for; what that began is swept away below.
      await Promise.race([this.start(), this.signals.wait()]);
      if (this.signals.asked) return EXIT.interrupted;
      this.phase = 'ready';
      this.write();
      this.progress.say(`millrace: ready after ${this.progress.elapsed()}`);
      if (this.options.summary) io.out(summary(this.plan?.facts ?? {}, addressed(this.context), io));
      await this.signals.wait();
      return EXIT.ok;
    } finally {
      await this.stop();
    }
  }

  private async start(): Promise<void> {
    const { dir } = this.context;
    const planned = await this.planner(this.context, this.options, this.progress, this.stopped.signal);
    if (this.signals.asked) return;
    this.plan = planned;
    const specs = planned.nodes.flatMap((n) => (n.kind === 'process' ? [n] : []));
    const adopt = adoptable(readRunFile(dir().runFile), specs);
    await this.removeLeftovers(planned.leftovers, adopt);
    if (this.signals.asked) return;
    this.supervisor = new Supervisor(planned.nodes, {
      instance: planned.instance,
      logDir: dir().logs,
      progress: (p) => this.progress.report(p),
      changed: () => this.write(),
    });
    await this.supervisor.start(adopt);
  }

  /** What is not exactly what would be started now is stopped: an older build, other settings, or nobody knows what. */
  private async removeLeftovers(found: readonly ProcessId[], adopt: ReadonlyMap<string, ProcessRecord>): Promise<void> {
    const kept = new Set([...adopt.values()].map((r) => r.id?.pid));
    const rest = found.filter((p) => !kept.has(groupOf(p.pid) ?? p.pid));
    if (rest.length === 0) return;
    this.progress.say(`    stopping ${rest.length} processes that an earlier launcher left`);
    await stopAll(rest, { ...SWEEP, forced: this.signals.forced });
  }

  private async stop(): Promise<void> {
    this.stopped.abort();
    this.progress.beginStop();
    this.phase = 'stopping';
    this.write();
    await this.supervisor?.stop(this.signals.forced);
    await stopAll(processesOf(this.context.dir().instance), { ...SWEEP, forced: this.signals.forced });
    this.phase = 'stopped';
    this.write();
    this.progress.say(`millrace: stopped after ${this.progress.elapsed()}`);
  }

  private write(): void {
    const launcher = identify(process.pid);
    const { dir } = this.context;
    if (!launcher || !this.supervisor || !this.plan) return; // an earlier run's file stays until ours has something to say
    writeRunFile(dir().runFile, {
      version: RUN_FILE_VERSION,
      instance: dir().instance,
      phase: this.phase,
      launcher,
      started_at: this.started_at,
      facts: this.plan.facts,
      externals: this.plan.externals,
      processes: this.supervisor.records(),
    });
  }
}
