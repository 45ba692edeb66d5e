/** The two that are measured against one another: a command of ours, and the least a workflow can be, on the same server. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { commandWorkflowId } from '../../../workflows/command/messages';
import { type Instance } from '../../workflows/support/instance';
import { deviceOf, SLOT_COMMAND } from '../../workflows/support/load-profile';
import { type SpanCollector } from '../support/span-collector';
import { type Seen } from './hops';

const ANSWER_TIMEOUT_MS = 60_000;
const BARE_QUEUE = 'bench-bare';
const PROCESSES = ['temporal', 'worker', 'relay', 'api', 'agent', 'kafka', 'projector', 'clickhouse', 'plant'];
/** Between two traced commands, ms: what is left to do of the one before is not to stand in the way of the next. */
const REST_MS = 250;
/** Longest wait for the last steps of traced commands to be told, ms. */
const SPANS_MS = 30_000;

export interface Contender {
  readonly pids: Readonly<Record<string, number | undefined>>;
  one(n: number, lane: number): Promise<void>;
  close(): Promise<void>;
}

interface Answered {
  readonly command_id: string;
  readonly state: string;
  readonly settled: boolean;
}

/** What the client saw of one command. */
interface Run {
  readonly command_id: string;
  readonly begun: number;
  readonly answered: number;
}

export class Commands implements Contender {
  readonly pids: Contender['pids'];
  private readonly waiting = new Map<string, (answer: Answered) => void>();
  private readonly early = new Map<string, Answered>();
  private readonly end = new AbortController();

  private constructor(private readonly instance: Instance) {
    this.pids = Object.fromEntries(PROCESSES.map((name) => [name, instance.pid(name)]));
  }

  static async on(instance: Instance): Promise<Commands> {
    const commands = new Commands(instance);
    await instance.follow('command', (data) => commands.told(data as Answered), commands.end.signal);
    return commands;
  }

  readonly one = async (n: number, lane: number): Promise<void> => void (await this.run(n, lane));

  close(): Promise<void> {
    this.end.abort();
    return Promise.resolve();
  }

  /** Commands one after the other with a rest between, each with a trace, and what was told of them. */
  async traced(count: number, collector: SpanCollector): Promise<Seen[]> {
    const runs: (Run & { readonly traceId: string })[] = [];
    for (let n = 0; n < count; n++) {
      const traceId = randomBytes(16).toString('hex');
      const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
      runs.push({ ...(await this.run(n, n, { traceparent })), traceId });
      await sleep(REST_MS);
    }
    const ids = runs.map((r) => r.traceId);
    const spans = await collector.of(ids, 'project', SPANS_MS);
    const closed = await closeTimes(this.instance, runs);
    return runs.map(({ begun, answered, traceId }, i) => ({
      ...{ begun, answered, closed: closed[i], spans: spans.filter((s) => s.traceId === traceId) },
    }));
  }

  private async run(n: number, lane: number, headers: Record<string, string> = {}): Promise<Run> {
    const body = { name: SLOT_COMMAND, args: { value: n % 65_536 }, qos: 2, timeout_ms: ANSWER_TIMEOUT_MS };
    const begun = now();
    const path = `/devices/${deviceOf(lane)}/commands`;
    const { command_id } = await this.instance.api<Answered>('POST', path, body, headers);
    const answer = await this.answerTo(command_id);
    if (answer.state !== 'verified') throw new Error(`command ${command_id} is ${answer.state}`);
    return { command_id, begun, answered: now() };
  }

  private async answerTo(id: string): Promise<Answered> {
    const answer = this.early.get(id) ?? (await new Promise<Answered>((r) => this.waiting.set(id, r)));
    this.waiting.delete(id);
    this.early.delete(id);
    return answer;
  }

  private told(answer: Answered): void {
    if (!answer.settled) return;
    const wake = this.waiting.get(answer.command_id);
    if (wake) wake(answer);
    else this.early.set(answer.command_id, answer);
  }
}

/** As exact as the spans are. */
const now = (): number => performance.timeOrigin + performance.now();

async function closeTimes(instance: Instance, runs: readonly Run[]): Promise<(number | undefined)[]> {
  const connection = await Connection.connect({ address: instance.facts['TEMPORAL_ADDRESS'] ?? '' });
  const { workflow } = new Client({ connection });
  const closed: (number | undefined)[] = [];
  for (const { command_id } of runs) {
    const handle = workflow.getHandle(commandWorkflowId('default', command_id));
    await handle.result();
    closed.push((await handle.describe()).closeTime?.getTime());
  }
  await connection.close();
  return closed;
}

/** Start, activity, signal, complete; its worker is this process. */
export async function bareWorkflow(instance: Instance): Promise<Contender> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = instance.facts['TEMPORAL_ADDRESS'] ?? '';
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const worker = await Worker.create({
    connection,
    taskQueue: BARE_QUEUE,
    workflowsPath: join(__dirname, '..', 'support', 'bare-workflow.js'),
    activities: { effect: effectOf(client) },
  });
  const ran = worker.run();
  let started = 0;
  return {
    pids: { temporal: instance.pid('temporal'), worker: process.pid },
    one: async () => {
      const workflowId = `bare-${started++}`;
      await client.workflow.execute('bare', { taskQueue: BARE_QUEUE, workflowId });
    },
    async close() {
      worker.shutdown();
      await ran;
      await client.connection.close();
      await connection.close();
    },
  };
}

/** The answer comes from outside, as a relay's would. */
function effectOf(client: Client): () => Promise<void> {
  return async () => {
    const { Context } = await import('@temporalio/activity');
    const { workflowExecution } = Context.current().info;
    await client.workflow.getHandle(workflowExecution?.workflowId ?? '').signal('answered');
  };
}
