/**
 * A command from REST to the field and back: POST, the workflow, the agent's write and read-back over Modbus TCP, the
 * answer at the client. Beside it, on the same server, the least a workflow can be: start, activity, signal, complete.
 *
 *   node dist/test/bench/commands.js [--commands 300] [--json]
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Instance } from '../workflows/support/instance';
import { deviceOf, loadProfile, SLOT_COMMAND } from '../workflows/support/load-profile';
import { cpuPerPiece } from './support/cpu';
import { closedLoop, type Figures } from './support/load';

const IN_FLIGHT = [1, 10, 100];
const WARM_UP = 30;
const QUIET_SCAN_MS = 60_000;
const ANSWER_TIMEOUT_MS = 60_000;
const BARE_QUEUE = 'bench-bare';

/** CPU time of each process for one command or workflow. */
type Cpu = Record<string, number>;

interface Measured extends Figures {
  readonly cpu_ms: Cpu;
  /** Median of each part of the way, ms; for commands only. */
  readonly parts_ms?: Record<string, number>;
}

const PROCESSES = ['temporal', 'worker', 'relay', 'api', 'agent', 'kafka', 'projector', 'clickhouse', 'plant'];

interface Answered {
  readonly command_id: string;
  readonly state: string;
  readonly settled: boolean;
  readonly transitions: readonly { readonly state: string; readonly at: string }[];
}

const { values } = parseArgs({
  options: { commands: { type: 'string', default: '300' }, json: { type: 'boolean', default: false } },
});

void main(Number(values.commands));

async function main(count: number): Promise<void> {
  // Presence has no part in a command.
  const instance = await Instance.start(loadProfile(Math.max(...IN_FLIGHT), QUIET_SCAN_MS), ['presence']);
  try {
    const commands = await commandFigures(instance, count);
    const bare = await bareFigures(instance, count);
    print({ commands, bare, load_average: loadavg()[0] ?? 0 });
  } finally {
    await instance.stop();
  }
}

async function commandFigures(instance: Instance, count: number): Promise<Measured[]> {
  const waiting = new Map<string, (answer: Answered) => void>();
  const early = new Map<string, Answered>();
  const end = new AbortController();
  const told = (data: unknown): void => {
    const answer = data as Answered;
    if (!answer.settled) return;
    const wake = waiting.get(answer.command_id);
    if (wake) wake(answer);
    else early.set(answer.command_id, answer);
  };
  await instance.follow('command', told, end.signal);
  const parts = new Parts();
  const one = async (n: number, lane: number): Promise<void> => {
    const body = { name: SLOT_COMMAND, args: { value: n % 65_536 }, qos: 2, timeout_ms: ANSWER_TIMEOUT_MS };
    const begun = Date.now();
    const { command_id } = await instance.api<Answered>('POST', `/devices/${deviceOf(lane)}/commands`, body);
    const accepted = Date.now();
    const answer = early.get(command_id) ?? (await new Promise<Answered>((r) => waiting.set(command_id, r)));
    waiting.delete(command_id);
    early.delete(command_id);
    if (answer.state !== 'verified') throw new Error(`command ${command_id} is ${answer.state}`);
    parts.add(begun, accepted, answer, Date.now());
  };
  await closedLoop(1, WARM_UP, one);
  const pids = Object.fromEntries(PROCESSES.map((name) => [name, instance.pid(name)]));
  const figures = await measure(pids, count, one, parts);
  end.abort();
  return figures;
}

/** Where the time of a command goes: every process of the platform is on this machine, so their clocks are one. */
class Parts {
  private readonly times = new Map<string, number[]>();

  add(begun: number, accepted: number, { transitions }: Answered, answered: number): void {
    const at = new Map(transitions.map((t) => [t.state, Date.parse(t.at)]));
    this.put('POST answered', accepted - begun);
    let last = begun;
    for (const state of ['issued', 'delivered', 'executed', 'verified']) {
      const then = at.get(state) ?? last;
      this.put(`to ${state}`, then - last);
      last = then;
    }
    this.put('to the client', answered - last);
  }

  /** Medians of what was added since the last call. */
  take(): Record<string, number> {
    const medians = [...this.times].map(
      ([part, ms]) => [part, ms.sort((a, b) => a - b)[Math.floor(ms.length / 2)] ?? 0] as const,
    );
    this.times.clear();
    return Object.fromEntries(medians);
  }

  private put(part: string, ms: number): void {
    this.times.set(part, [...(this.times.get(part) ?? []), ms]);
  }
}

async function bareFigures(instance: Instance, count: number): Promise<Measured[]> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = instance.facts['TEMPORAL_ADDRESS'] ?? '';
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: await Connection.connect({ address }) });
  let n = 0;
  const worker = await Worker.create({
    connection,
    taskQueue: BARE_QUEUE,
    workflowsPath: join(__dirname, 'support', 'bare-workflow.js'),
    activities: { effect: effectOf(client) },
  });
  let figures: Measured[] = [];
  await worker.runUntil(async () => {
    const one = async (): Promise<void> => {
      const workflowId = `bare-${n++}`;
      await client.workflow.execute('bare', { taskQueue: BARE_QUEUE, workflowId });
    };
    await closedLoop(1, WARM_UP, one);
    figures = await measure({ temporal: instance.pid('temporal'), worker: process.pid }, count, one);
  });
  await client.connection.close();
  await connection.close();
  return figures;
}

async function measure(
  pids: Readonly<Record<string, number | undefined>>,
  count: number,
  one: (n: number, lane: number) => Promise<void>,
  parts?: Parts,
): Promise<Measured[]> {
  const figures: Measured[] = [];
  parts?.take();
  for (const in_flight of IN_FLIGHT) {
    const { result, cpu_ms } = await cpuPerPiece(pids, count, () => closedLoop(in_flight, count, one));
    figures.push({ ...result, cpu_ms, ...(parts && { parts_ms: parts.take() }) });
  }
  return figures;
}

/** The answer comes from outside, as a relay's would. */
function effectOf(client: Client): () => Promise<void> {
  return async () => {
    const { Context } = await import('@temporalio/activity');
    const { workflowExecution } = Context.current().info;
    await client.workflow.getHandle(workflowExecution?.workflowId ?? '').signal('answered');
  };
}

const list = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([name, ms]) => `${name} ${ms}`)
    .join(', ');

function print(figures: { commands: Measured[]; bare: Measured[]; load_average: number }): void {
  if (values.json) return void console.log(JSON.stringify(figures));
  for (const what of ['commands', 'bare'] as const)
    for (const f of figures[what])
      console.log(
        `${what.padEnd(8)} ${String(f.in_flight).padStart(3)} in flight: p50 ${f.p50_ms} ms, p99 ${f.p99_ms} ms, ${f.per_second}/s (${f.count}); CPU ms each: ${list(f.cpu_ms)}${f.parts_ms ? `\n           medians, ms: ${list(f.parts_ms)}` : ''}`,
      );
  const [alone] = figures.commands;
  const [bareAlone] = figures.bare;
  if (!alone || !bareAlone) return;
  const met = (yes: boolean): string => (yes ? 'met' : 'MISSED');
  console.log(`target: p50 at one in flight <= 50 ms: ${alone.p50_ms} ms, ${met(alone.p50_ms <= 50)}`);
  for (const [i, f] of figures.commands.entries()) {
    const than = figures.bare[i];
    if (!than) continue;
    const [slower, faster] = [f.p99_ms / than.p99_ms, f.per_second / than.per_second];
    console.log(`target: p99 at ${f.in_flight} in flight <= 1.3 x bare: ${slower.toFixed(2)} x, ${met(slower <= 1.3)}`);
    console.log(`target: throughput at ${f.in_flight} >= bare: ${faster.toFixed(2)} x, ${met(faster >= 1)}`);
  }
  console.log(`load average ${figures.load_average.toFixed(1)}`);
}
