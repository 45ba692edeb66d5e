import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from './errors';
import { evolve, initialLife, type Life, type LifeEvent, type ProcessState, restartDelay_ms } from './lifecycle';
import { lastLines, logPath, openLog, rotate } from './log-file';
import { identityOf, isAlive, type ProcessId } from './process-table';
import { type ProcessSpec } from './spec';
import { stopGroup } from './terminate';

const READY_POLL_MS = 100;
const POLL_MS: Partial<Record<ProcessState, number>> = { ready: 5_000, unready: 1_000 };
/** A process that an earlier launcher started is not our child: its death is seen by looking. */
const ADOPTED_POLL_MS = 250;
const SHOWN_LOG_LINES = 15;

export interface ManagedOptions {
  readonly instance: string;
  readonly logDir: string;
  /** After every change of state. */
  readonly changed: (p: ManagedProcess) => void;
}

interface Run {
  /** Its end, in words. */
  readonly ended: Promise<string>;
}

/** One process from its start to its end: started, probed, restarted when it dies, stopped with its whole group. */
export class ManagedProcess {
  life: Life = initialLife(Date.now());
  id: ProcessId | undefined;
  started_at: number | undefined;
  private readonly over = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    readonly spec: ProcessSpec,
    private readonly options: ManagedOptions,
  ) {}

  get log(): string {
    return logPath(this.options.logDir, this.spec.name);
  }

  /** Resolves when it is ready for the first time; rejects with LauncherError when that will not happen. */
  start(adopt?: { id: ProcessId; started_at: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.supervise(adopt, resolve).then(() => reject(this.failure('exited')), reject);
    });
  }

  /** Ends it and everything in its group; it is not started again. */
  async stop(forced?: AbortSignal): Promise<void> {
    if (this.life.state === 'stopped') return;
    this.apply({ type: 'stopping', at_ms: Date.now() });
    this.over.abort();
    const { stopSignal: signal, stopTimeout_ms: timeout_ms } = this.spec;
    if (this.id) await stopGroup(this.id.pid, { signal, timeout_ms, ...(forced && { forced }) });
    await this.running?.catch(() => undefined); // whoever called start() has been told
    this.apply({ type: 'stopped', at_ms: Date.now() });
  }

  private async supervise(adopt: { id: ProcessId; started_at: number } | undefined, ready: () => void): Promise<void> {
    let adopted = adopt;
    while (!this.over.signal.aborted) {
      const { ended } = adopted ? this.adopt(adopted) : await this.launch();
      adopted = undefined;
      const watch = new AbortController();
      const probing = this.probe(AbortSignal.any([watch.signal, this.over.signal]), ready);
      const reason = await ended;
      watch.abort();
      await probing;
      if (this.id) await stopGroup(this.id.pid, { signal: 'SIGKILL', timeout_ms: 0 }); // children of a dead leader
      this.id = undefined; // from here on the pid may be somebody else's
      this.apply({ type: 'exited', at_ms: Date.now(), reason });
      if (this.life.state !== 'restarting') return;
      await sleep(restartDelay_ms(this.life.deaths), undefined, { signal: this.over.signal }).catch(() => undefined);
    }
  }

  private adopt({ id, started_at }: { id: ProcessId; started_at: number }): Run {
    this.id = id;
    this.started_at = started_at;
    this.apply({ type: 'started', at_ms: Date.now() });
    const look = async (): Promise<string> => {
      while (isAlive(id)) await sleep(ADOPTED_POLL_MS);
      return 'exited';
    };
    return { ended: look() };
  }

  /** Starts it in its own group: a terminal's Ctrl-C is ours to pass on. */
  private async launch(): Promise<Run> {
    try {
      await this.spec.prepare?.();
    } catch (e) {
      return { ended: Promise.resolve(`could not be prepared: ${(e as Error).message}`) };
    }
    if (this.over.signal.aborted) return { ended: Promise.resolve('stopped before it started') };
    const log = openLog(this.options.logDir, this.spec.name);
    const { command, args, cwd } = this.spec;
    const env = { ...this.spec.env, MILLRACE_INSTANCE: this.options.instance };
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.id = child.pid === undefined ? undefined : identityOf(child.pid);
    this.started_at = Date.now();
    const ended = new Promise<string>((resolve) => {
      child.once('error', (e) => resolve(`could not be started: ${e.message}`));
      child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exited with ${code}`));
    });
    this.apply({ type: 'started', at_ms: Date.now() });
    return { ended };
  }

  /** Looks often until it is ready, then now and then. */
  private async probe(until: AbortSignal, ready: () => void): Promise<void> {
    const deadline = Date.now() + this.spec.readyTimeout_ms;
    while (!until.aborted) {
      // Without a process of ours, whatever answers is somebody else.
      const alive = this.id !== undefined && isAlive(this.id);
      const reason = alive ? await this.spec.ready() : 'it does not run';
      if (until.aborted) return;
      this.apply({ type: 'probed', at_ms: Date.now(), reason });
      if (this.life.everReady) ready();
      else if (Date.now() > deadline) return void this.giveUp();
      rotate(this.log);
      await sleep(POLL_MS[this.life.state] ?? READY_POLL_MS, undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** Alive but never ready: ended like a death, so that the same bound applies to both. */
  private giveUp(): void {
    if (this.id) void stopGroup(this.id.pid, { signal: this.spec.stopSignal, timeout_ms: this.spec.stopTimeout_ms });
  }

  private apply(event: LifeEvent): void {
    const before = this.life;
    this.life = evolve(before, event);
    if (before.state !== this.life.state) this.options.changed(this);
  }

  private failure(code: 'exited'): LauncherError {
    const { name } = this.spec;
    if (this.over.signal.aborted)
      return new LauncherError('stopped', `start ${name}`, 'stopped before it was ready', '');
    const tail = lastLines(this.log, SHOWN_LOG_LINES).map((l) => `    ${l}`);
    const hint = [`Its last lines (all: millrace logs ${name}):`, ...tail].join('\n');
    return new LauncherError(code, `start ${name}`, this.life.reason ?? 'ended', hint);
  }
}
