/** What is true of an instance's processes now: what the launcher recorded, checked against the kernel. */
import { readRunFile, type ProcessRecord, type RunFile } from '../local/supervisor/run-file';
import { type DataDir } from '../local/data-dir';
import { processesOf } from '../local/supervisor/instance';
import { type ProcessState } from '../local/supervisor/lifecycle';
import { lockOwner } from '../local/supervisor/launcher-lock';
import { commandLine, groupOf, isAlive } from '../local/supervisor/process-table';

/** `unsupervised`: alive without a launcher; `lost`: should be alive; `unknown`: alive and in no record; `external`: the user's own. */
export type ShownState = ProcessState | 'unsupervised' | 'lost' | 'unknown' | 'external';

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number | null;
  readonly state: ShownState;
  readonly address: string | null;
  readonly restarts: number;
  readonly uptime_ms: number | null;
  /** Records behind (consumer lag) or waiting to be sent (outbox). */
  readonly lag: number | null;
  readonly reason: string | null;
}

/** A connection of the agent to its field. */
export interface LinkStatus {
  readonly connection: string;
  readonly connected: boolean;
  readonly devices: number;
  readonly devices_connected: number;
  /** Empty when there was none. */
  readonly last_error: string;
}

/** What an agent's /status says of its connections, as far as it is shown. */
interface AgentStatus {
  readonly connections?: readonly {
    readonly connection: string;
    readonly connected: boolean;
    readonly last_error: string;
    readonly devices: readonly { readonly connected: boolean }[];
  }[];
}

export interface Status {
  readonly instance: string;
  readonly data: string;
  /** `none`: nothing runs. */
  readonly phase: RunFile['phase'] | 'none';
  readonly healthy: boolean;
  readonly launcher_pid: number | null;
  readonly processes: readonly ProcessStatus[];
  /** Empty when no agent answers. */
  readonly links: readonly LinkStatus[];
}

const METRICS_TIMEOUT_MS = 1_500;
const LAG_GAUGES = /^(?:millrace_consumer_lag|millrace_outbox_depth)(?:\{[^}]*\})? ([0-9.e+]+)/gm;

export async function statusOf(dir: DataDir): Promise<Status> {
  const run = readRunFile(dir.runFile);
  const launcher = lockOwner(dir.lock);
  const recorded = run?.processes ?? [];
  const groups = new Set(recorded.map((p) => p.id?.pid));
  const unknown = processesOf(dir.instance).filter((p) => !groups.has(groupOf(p.pid)));
  const processes = [
    ...(await Promise.all(recorded.map((p) => shown(p, launcher !== undefined)))),
    ...Object.entries(run?.externals ?? {}).map(([name, address]) => external(name, address)),
    ...unknown.map((p) => ({
      ...NOTHING,
      name: '?',
      pid: p.pid,
      state: 'unknown' as const,
      reason: commandLine(p.pid),
    })),
  ];
  const alive = launcher !== undefined || processes.some((p) => p.pid !== null);
  const healthy = launcher !== undefined && run?.phase === 'ready' && processes.every(isHealthy);
  return {
    instance: dir.instance,
    data: dir.path,
    phase: alive && run ? run.phase : 'none',
    healthy,
    launcher_pid: launcher?.pid ?? null,
    processes,
    links: await linksOf(processes.find((p) => p.name === 'agent' && p.pid !== null)?.address),
  };
}

const NOTHING = { pid: null, address: null, restarts: 0, uptime_ms: null, lag: null, reason: null } as const;

const external = (name: string, address: string): ProcessStatus => ({ ...NOTHING, name, address, state: 'external' });

const isHealthy = (p: ProcessStatus): boolean => p.state === 'ready' || p.state === 'external';

async function shown(record: ProcessRecord, supervised: boolean): Promise<ProcessStatus> {
  const { name, address, restarts, reason, started_at } = record;
  const alive = record.id !== null && isAlive(record.id);
  return {
    name,
    pid: alive ? (record.id?.pid ?? null) : null,
    state: stateOf(record, alive, supervised),
    address,
    restarts,
    uptime_ms: alive && started_at !== null ? Date.now() - started_at : null,
    lag: alive && record.metrics ? await lagOf(record.metrics) : null,
    reason,
  };
}

function stateOf(record: ProcessRecord, alive: boolean, supervised: boolean): ShownState {
  if (alive) return supervised ? record.state : 'unsupervised';
  if (record.state === 'ready' || record.state === 'unready') return supervised ? 'restarting' : 'lost';
  return supervised ? record.state : 'stopped';
}

async function lagOf(url: string): Promise<number | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
    return lagIn(await answer.text());
  } catch {
    return null; // not answering is told by its state
  }
}

/** What the agent says of its connections; nothing while it does not answer. */
async function linksOf(address: string | null | undefined): Promise<LinkStatus[]> {
  if (!address) return [];
  try {
    const answer = await fetch(`${address}/status`, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
    return linksIn((await answer.json()) as AgentStatus);
  } catch {
    return [];
  }
}

export const linksIn = ({ connections = [] }: AgentStatus): LinkStatus[] =>
  connections.map(({ connection, connected, devices, last_error }) => ({
    ...{ connection, connected, devices: devices.length, last_error },
    devices_connected: devices.filter((d) => d.connected).length,
  }));

/** Sum of the gauges that say how far behind a process is; null when it has none. */
export function lagIn(metrics: string): number | null {
  const values = [...metrics.matchAll(LAG_GAUGES)].map((m) => Number(m[1]));
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
}
