/** Relay and worker as processes on a real broker and a real Temporal, which die and come back. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type Command } from '../../../schemas/generated';
import { issuedEvent, orderOf } from '../../../services/domain/command';
import {
  COMMAND_WORKFLOW,
  commandStartOptions,
  commandWorkflowId,
  type CommandInput,
  FORGOTTEN_WORKFLOW,
  sentByCallerOptions,
} from '../../../workflows/command/messages';
import { type command } from '../../../workflows/command/workflow';
import { ensureSearchAttributes } from '../../../workflows/shared/messages';
import { type Stack, startStack } from '../../support/stack';
import { type Answer, FakeAgent } from '../../workflows/support/fake-agent';
import { NodeProcess } from '../../workflows/support/node-process';
import { until } from '../../workflows/support/until';

jest.setTimeout(240_000);

const DONE: readonly Answer[] = [
  { state: 'delivered' },
  { state: 'executed' },
  { state: 'verified', result: '{"value":21.5}' },
];
const RELAY = 'services/relay/main.js';
const WORKER = 'workflows/worker.js';

let stack: Stack;
let worker: NodeProcess;
let relay: NodeProcess;
let agent: FakeAgent;
let answers: (command: Command) => readonly Answer[] = () => DONE;
let connection: Connection;
let client: Client;
let counter = 0;

const launch = (program: string, name: string) =>
  NodeProcess.start(program, stack.env, join(stack.dataDir, 'logs', `${name}.log`));

beforeAll(async () => {
  stack = await startStack({ want: ['kafka', 'schema-registry', 'temporal'] });
  [worker, relay, agent] = await Promise.all([
    launch(WORKER, 'worker'),
    launch(RELAY, 'relay'),
    FakeAgent.start(stack.env, 'a1', (c) => answers(c)),
  ]);
  connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  await ensureSearchAttributes(connection, 'default');
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await agent?.stop();
  await Promise.all([worker?.stop(), relay?.stop()]);
  await stack?.stop();
});
beforeEach(() => {
  answers = () => DONE;
});

function inputOf(of: Partial<CommandInput> = {}, timeout_ms = 60_000): CommandInput {
  const issued_at = Date.now();
  return {
    ...{ command_id: `c${++counter}`, tenant: 't', device_id: 'pump', agent_id: 'a1', actor: 'ann' },
    ...{ name: 'set-setpoint', args: '{"value":21.5}', qos: 2, issued_at, deadline: issued_at + timeout_ms },
    ...of,
  };
}

const start = (of: Partial<CommandInput> = {}, timeout_ms?: number) =>
  client.workflow.start<typeof command>(COMMAND_WORKFLOW, commandStartOptions(inputOf(of, timeout_ms)));

/** Commands whose agent has its orders, each once however often it was sent again, and says nothing. */
async function unanswered(number: number) {
  answers = () => [];
  const first = counter + 1;
  const handles = await Promise.all(Array.from({ length: number }, () => start({}, 180_000)));
  const given = () =>
    new Map(agent.orders.filter((o) => Number(o.command_id.slice(1)) >= first).map((o) => [o.command_id, o]));
  await until(() => given().size === number, 60_000);
  return { handles, orders: [...given().values()] };
}

test('a command ends with what the agent reports', async () => {
  expect(await (await start()).result()).toMatchObject({ state: 'verified', result: { value: 21.5 } });
});

test('a report ends the wait for the caller’s order, and the workflow in its first task, with nothing sent', async () => {
  const input = inputOf({ command_id: 'sent-by-caller' });
  const handle = await client.workflow.start<typeof command>(COMMAND_WORKFLOW, sentByCallerOptions(input));
  await agent.report(orderOf(input, 1), DONE);
  expect(await handle.result()).toMatchObject({ state: 'verified' });
  const { events } = await handle.fetchHistory();
  expect(events?.filter((e) => e.workflowTaskCompletedEventAttributes)).toHaveLength(1);
  expect(agent.orders.filter((o) => o.command_id === input.command_id)).toEqual([]);
});

test('a workflow starts from `issued`, and has ended with what the agent had said by then', async () => {
  const input = inputOf({ command_id: 'from-the-log', sent_by_caller: true });
  await agent.write([issuedEvent(input)]);
  await agent.report(orderOf(input, 1), DONE);
  const handle = client.workflow.getHandle<typeof command>(commandWorkflowId('t', input.command_id));
  await until(async () => (await handle.describe().catch(() => undefined))?.type === COMMAND_WORKFLOW);
  expect(await handle.result()).toMatchObject({ state: 'verified' });
});

test('nobody says a word: the workflow that `issued` started sends the order again', async () => {
  const input = inputOf({ command_id: 'never-sent', sent_by_caller: true }, 2_000);
  await agent.write([issuedEvent(input)]);
  await until(() => agent.orders.some((o) => o.command_id === input.command_id && o.attempt === 2), 30_000);
});

test('events that workflows wrote are skipped', async () => {
  const own = () => relay.metric('millrace_relay_events_total', 'outcome="own"');
  const before = await own();
  await (await start()).result();
  await until(async () => (await own()) > before);
});

test('a report to a workflow that has ended is counted and no error; to one that never was, it is nobody’s', async () => {
  const absent = () => relay.metric('millrace_relay_events_total', 'outcome="absent"');
  const handle = await start({ command_id: 'over' });
  await handle.result();
  const before = await absent();
  const order = agent.orders.at(-1);
  if (!order) throw new Error('no order');
  await agent.report(order, DONE);
  await agent.report({ ...order, command_id: 'nobody-asked' }, DONE);
  await until(async () => (await absent()) === before + 3);
  const nobody = client.workflow.getHandle(commandWorkflowId(order.tenant, 'nobody-asked'));
  await until(async () => (await nobody.describe().catch(() => undefined))?.type === FORGOTTEN_WORKFLOW);
  expect(await relay.notReady()).toBeUndefined();
});

test('Temporal away: nothing is lost, the relay says why it waits, and all end when it is back', async () => {
  const { handles, orders } = await unanswered(30);
  await stack.kill('temporal');
  for (const order of orders) await agent.report(order, DONE);
  await until(async () => /Temporal/.test((await relay.notReady()) ?? ''), 30_000);
  await stack.restart('temporal');
  const ends = await Promise.all(handles.map((h) => h.result()));
  expect(new Set(ends.map((e) => e.state))).toEqual(new Set(['verified']));
  await until(async () => (await relay.notReady()) === undefined);
});

test('kill -9 of the relay: what it had read and not handed over comes again', async () => {
  const { handles, orders } = await unanswered(20);
  await relay.kill();
  for (const order of orders) await agent.report(order, DONE);
  relay = await launch(RELAY, 'relay');
  const ends = await Promise.all(handles.map((h) => h.result()));
  expect(ends.every((e) => e.state === 'verified')).toBe(true);
});

test('kill -9 of the worker: its commands go on in the next one', async () => {
  answers = () => [];
  const handle = await start({}, 180_000);
  await until(() => agent.orders.some((o) => o.command_id === `c${counter}`));
  await worker.kill();
  const order = agent.orders.find((o) => o.command_id === `c${counter}`);
  if (order) await agent.report(order, DONE);
  worker = await launch(WORKER, 'worker');
  expect(await handle.result()).toMatchObject({ state: 'verified' });
});

test('kill -9 of the broker: an order given meanwhile goes out when it is back', async () => {
  await stack.kill('kafka');
  const handle = await start({}, 120_000);
  await new Promise((r) => setTimeout(r, 2_000));
  await stack.restart('kafka');
  expect(await handle.result()).toMatchObject({ state: 'verified' });
});

test('a record nobody can read becomes a dead letter, and the next is read', async () => {
  const unreadable = () => relay.metric('millrace_relay_events_total', 'outcome="unreadable"');
  await agent.raw(Buffer.from('this is no event'));
  await until(async () => (await unreadable()) === 1, 30_000);
  expect(await (await start()).result()).toMatchObject({ state: 'verified' });
});

test('stops in order when asked, with exit code 0', async () => {
  expect(await relay.stop()).toBe(0);
  expect(await worker.stop()).toBe(0);
});
