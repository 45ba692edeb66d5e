/** Programs that a verb runs and waits for, and the certainty that nothing of theirs stays behind. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { findByEnvironment, type ProcessId } from '../local/supervisor/process-table';
import { INSTANCE_VARIABLE, instanceValue } from '../local/supervisor/instance';
import { stopAll, stopGroup } from '../local/supervisor/terminate';
import { type Env } from './context';
import { EXIT } from './errors';
import { StopSignals } from './up/signals';

const GRACE = { signal: 'SIGTERM', timeout_ms: 10_000 } as const;

export interface Finished {
  readonly code: number;
  /** Of both streams; empty when they went to the terminal. */
  readonly output: string;
  /** It was ended because it ran longer than it may. */
  readonly timedOut?: boolean;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Env;
  /** Keep the output instead of passing it on. */
  readonly quiet?: boolean;
  /** Pass stdout on as data; otherwise both streams go to stderr. */
  readonly data?: boolean;
  /** Ended with its group when it runs longer; without it, it may run for ever. */
  readonly timeout_ms?: number;
  /** Nothing waits for it: whatever else wants a processor comes first. */
  readonly givesWay?: boolean;
}

/** Also as a session of its own: Linux shares processors out among sessions first (sched(7), "The autogroup feature"). */
function giveWay(pid: number): void {
  const { PRIORITY_LOW } = constants.priority;
  const group = `/proc/${pid}/autogroup`;
  setPriority(pid, PRIORITY_LOW);
  if (existsSync(group)) writeFileSync(group, String(PRIORITY_LOW));
}

/** Everything started through it, directly or by its children, carries its id and ends with it. */
export class Brood {
  readonly id: string;
  private readonly signals = new StopSignals();
  private readonly groups = new Set<number>();

  constructor(
    kind: string,
    private readonly env: Env,
  ) {
    this.id = `${kind}-${randomBytes(4).toString('hex')}`;
    const end = (): void => {
      for (const g of this.groups) void stopGroup(g, { ...GRACE, forced: this.signals.forced });
    };
    this.signals.on(end, end);
  }

  get interrupted(): boolean {
    return this.signals.asked;
  }

  /** In its own group, so that Ctrl-C reaches it through us, once, and with its children. */
  run(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Finished> {
    if (this.interrupted) return Promise.resolve({ code: EXIT.interrupted, output: '' });
    const env = { ...this.env, ...options.env, [INSTANCE_VARIABLE]: this.value };
    const out = options.quiet ? 'pipe' : 2;
    const child = spawn(command, args, {
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env,
      detached: true,
      stdio: ['ignore', options.data ? 1 : out, out],
    });
    const { pid } = child;
    if (pid !== undefined) this.groups.add(pid);
    if (pid !== undefined && options.givesWay) giveWay(pid);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (t: string) => (output += t));
    let timedOut = false;
    const end = (): void => {
      timedOut = true;
      if (pid !== undefined) void stopGroup(pid, { ...GRACE, forced: this.signals.forced });
    };
    const limit = options.timeout_ms === undefined ? undefined : setTimeout(end, options.timeout_ms);
    return new Promise((resolve) => {
      child.once('error', (e) => resolve({ code: EXIT.failed, output: e.message }));
      child.once('close', (code, signal) => {
        clearTimeout(limit);
        if (pid !== undefined) this.groups.delete(pid);
        resolve({ code: code ?? (signal ? EXIT.interrupted : EXIT.failed), output, timedOut });
      });
    });
  }

  /** Value of MILLRACE_INSTANCE of everything in it. */
  get value(): string {
    return instanceValue(this.id, this.env[INSTANCE_VARIABLE]);
  }

  /** Ends what is left; returns what that was. */
  async sweep(): Promise<ProcessId[]> {
    const left = findByEnvironment(INSTANCE_VARIABLE, (value) => value.split('/').includes(this.id));
    await stopAll(left, { ...GRACE, forced: this.signals.forced });
    this.signals.dispose();
    return left;
  }
}
