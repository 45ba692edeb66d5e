/**
 * Commands while every part is killed, one after the other, by the seed: each command must end in one state, the plant's
 * own record must agree with it, and at QoS 2 nothing may be written twice.
 *
 *   node dist/test/chaos/commands.js [--commands 1000] [--kills 24] [--in-flight 20] [--seed 1] [--json]
 */
import { parseArgs } from 'node:util';
import { Client, Connection, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { type CommandOutcome, commandWorkflowId, FORGOTTEN_WORKFLOW } from '../../workflows/command/messages';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { commandViews } from './support/command-log';
import { bodyOf, type Order, orders } from './support/command-orders';
import { type Evidence, faults } from './support/judge-commands';
import { Random } from './support/random';

const VICTIMS = ['worker', 'relay', 'api', 'agent', 'kafka', 'temporal'];
/** Questions to Temporal at once, when all is at rest. */
const ASKED_AT_ONCE = 20;
const TIMEOUT_MS = 300_000;
const RETRY_MS = 500;
/** Longest wait for everything to come to rest after the last kill. */
const REST_MS = 900_000;
/** A look reads the whole log of commands. */
const LOOK_MS = 5_000;
const SHOWN_FAULTS = 20;
/** Named in each look while not all is at rest. */
const SHOWN_OPEN = 3;

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '24' },
    // And so many devices: of one of them commands go one after the other.
    'in-flight': { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

void main(Number(values.commands), Number(values.kills), Number(values['in-flight']), Number(values.seed));

async function main(count: number, kills: number, inFlight: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const instance = await Instance.start(loadProfile(inFlight, 60_000), ['presence']);
  try {
    say(`seed ${seed}: ${count} commands on ${inFlight} devices, ${kills} kills`);
    const all = orders(count, inFlight, TIMEOUT_MS, random);
    const started = performance.now();
    const killed: string[] = [];
    let deck: string[] = [];
    const ids = await submit(instance, { all, inFlight }, async (done) => {
      if (killed.length >= kills || done < ((killed.length + 1) * count) / (kills + 1)) return;
      // Nobody a second time before everybody was once.
      if (deck.length === 0) deck = random.shuffled(VICTIMS);
      const victim = deck.pop() as string;
      killed.push(victim);
      await kill(instance, victim);
    });
    const submitted_s = Math.round((performance.now() - started) / 1_000);
    await atRest(instance, [...ids.values()]);
    say(`all accepted after ${submitted_s} s, at rest after ${Math.round((performance.now() - started) / 1_000)} s`);
    report(await evidence(instance, ids), killed);
  } finally {
    await instance.stop();
  }
}

/** Every order is accepted in the end: the same key makes a repeated request the same command. */
async function submit(
  instance: Instance,
  { all, inFlight }: { readonly all: readonly Order[]; readonly inFlight: number },
  progressed: (done: number) => Promise<void>,
): Promise<Map<Order, string>> {
  const ids = new Map<Order, string>();
  const queue = [...all];
  const lane = async (): Promise<void> => {
    for (let order = queue.shift(); order; order = queue.shift()) {
      ids.set(order, await accepted(instance, order));
      await progressed(ids.size);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return ids;
}

async function accepted(instance: Instance, order: Order): Promise<string> {
  for (;;) {
    try {
      const path = `/devices/${order.device}/commands`;
      const headers = { 'idempotency-key': order.key };
      return (await instance.api<{ command_id: string }>('POST', path, bodyOf(order), headers)).command_id;
    } catch (error) {
      if (/: 4\d\d /.test((error as Error).message)) throw error;
      await pause(RETRY_MS);
    }
  }
}

/** Killed by us: what the launcher wrote of them may be older than that. */
const dead = new Set<number>();

/** kill -9; the launcher starts it again. */
async function kill(instance: Instance, name: string): Promise<void> {
  let pid = instance.pid(name);
  for (; pid === undefined || dead.has(pid) || !instance.isReady(name); pid = instance.pid(name)) await pause(RETRY_MS);
  dead.add(pid);
  process.kill(pid, 'SIGKILL');
  say(`killed ${name} (${pid})`);
}

async function atRest(instance: Instance, ids: readonly string[]): Promise<void> {
  const end = Date.now() + REST_MS;
  while (!VICTIMS.every((name) => instance.isReady(name)) && Date.now() < end) await pause(LOOK_MS);
  for (let open = ids; open.length > 0 && Date.now() < end;) {
    const views = await commandViews(instance.facts);
    const sql = await states(instance);
    open = ids.filter((id) => !views.get(id)?.settled || sql.get(id) !== views.get(id)?.state);
    const named = open.slice(0, SHOWN_OPEN).map((id) => `${id} ${views.get(id)?.state}, in SQL ${sql.get(id)}`);
    say(`${open.length} not at rest${named.length > 0 ? `: ${named.join('; ')}` : ''}`);
    if (open.length > 0) await pause(LOOK_MS);
  }
}

async function states(instance: Instance): Promise<Map<string, string>> {
  const rows = await instance.sql<{ command_id: string; state: string }>('SELECT command_id, state FROM commands');
  return new Map(rows.map((r) => [r.command_id, r.state]));
}

async function evidence(instance: Instance, ids: ReadonlyMap<Order, string>): Promise<Evidence[]> {
  const views = await commandViews(instance.facts);
  const sql = await states(instance);
  const written = new Map<string, number>();
  for (const { unit, value } of instance.plantWrites())
    written.set(`${unit} ${value}`, (written.get(`${unit} ${value}`) ?? 0) + 1);
  const connection = await Connection.connect({ address: instance.facts['TEMPORAL_ADDRESS'] ?? '' });
  const client = new Client({ connection });
  const all: Evidence[] = [];
  const until = Date.now() + REST_MS;
  const left = [...ids];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [order, command_id] = next;
      all.push({
        ...{ order, command_id, view: views.get(command_id), sql: sql.get(command_id) },
        workflow: await endOf(client, command_id, until),
        writes: written.get(`${order.unit} ${order.value}`) ?? 0,
      });
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, lane));
  await connection.close();
  return all;
}

/** One that is not there, or whose place was taken because the server had forgotten it, is a fault like any other state. */
async function endOf(client: Client, commandId: string, until: number): Promise<string> {
  const handle = client.workflow.getHandle(commandWorkflowId('default', commandId));
  // The log is at rest before the relay has told every workflow: this waits until it has ended.
  const ended = handle.result() as Promise<CommandOutcome | undefined>;
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('RUNNING'), Math.max(0, until - Date.now())).unref();
  });
  return Promise.race([ended.then((outcome) => outcome?.state ?? FORGOTTEN_WORKFLOW, toldBy), late]);
}

function toldBy(error: unknown): string {
  if (error instanceof WorkflowNotFoundError) return 'missing';
  if (error instanceof WorkflowFailedError) return `${error.message}: ${error.cause?.message ?? ''}`;
  throw error;
}

function report(all: readonly Evidence[], killed: readonly string[]): void {
  const count = (of: readonly string[]): Record<string, number> => {
    const n: Record<string, number> = {};
    for (const o of of) n[o] = (n[o] ?? 0) + 1;
    return n;
  };
  const wrong = all.flatMap((e) => faults(e).map((f) => `${e.command_id} (QoS ${e.order.qos}, ${e.order.key}): ${f}`));
  const twice = all.filter((e) => e.order.qos === 1 && e.writes > 1).length;
  const summary = {
    ...{ seed: Number(values.seed), commands: all.length, kills: count(killed) },
    states: count(all.map((e) => e.view?.state ?? 'missing')),
    qos_1_written_more_than_once: twice,
    faults: wrong.length,
  };
  console.log(JSON.stringify(summary));
  for (const w of wrong.slice(0, SHOWN_FAULTS)) say(w);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
