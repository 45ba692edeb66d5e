/** What the supervisor must know of a process, and of a task that has to be done between two of them. */

interface Node {
  /** Unique within a stack, fit for a file name. */
  readonly name: string;
  /** Names of processes that must be ready, and tasks that must be done, before this one starts. */
  readonly needs: readonly string[];
}

export interface ProcessSpec extends Node {
  readonly kind: 'process';
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment, MILLRACE_INSTANCE excepted. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** TCP ports it will listen on: checked before anything starts. */
  readonly ports: readonly number[];
  /** Where others reach it, for people: host:port or URL. */
  readonly address?: string;
  /** Prometheus text, from which the lag is read. */
  readonly metricsUrl?: string;
  /** Before every start, also after a crash. Idempotent. */
  readonly prepare?: () => Promise<void>;
  /** Undefined when ready, otherwise the reason why not. Never throws; returns within seconds. */
  readonly ready: () => Promise<string | undefined>;
  readonly readyTimeout_ms: number;
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeout_ms: number;
}

export interface TaskSpec extends Node {
  readonly kind: 'task';
  /** Idempotent: done at every `up`. */
  readonly run: () => Promise<void>;
}

export type NodeSpec = ProcessSpec | TaskSpec;
