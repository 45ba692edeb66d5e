/** The workflows on a server that skips time, with effects that a test controls. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { join } from 'node:path';
import { type CommandEvent } from '../../../schemas/generated';
import { projectRoot } from '../../../schemas/root';
import { type BatchActivities } from '../../../workflows/batch/activities';
import { type CampaignActivities } from '../../../workflows/campaign/activities';
import { eventOf } from '../../../services/domain/command';
import { type CommandRecords } from '../../../services/domain/command';
import { type CommandActivities } from '../../../workflows/command/activities';
import { commandEventsSignal, type CommandInput } from '../../../workflows/command/messages';
import { type DecommissionActivities } from '../../../workflows/decommission/activities';
import { ensureSearchAttributes, TASK_QUEUE } from '../../../workflows/shared/messages';
import { testServer } from './test-server';

type Seldom = 'exportHistory' | 'removeFromProfile';
export type Effects = CommandActivities &
  Omit<DecommissionActivities, Seldom> &
  Partial<Pick<DecommissionActivities, Seldom> & BatchActivities & CampaignActivities>;

export interface Skipping {
  readonly env: TestWorkflowEnvironment;
  stop(): Promise<void>;
}

const quiet = new DefaultLogger('ERROR');

export async function startSkipping(effects: Effects): Promise<Skipping> {
  Runtime.install({ logger: quiet, shutdownSignals: [] });
  const path = await testServer();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
    client: { identity: 'test' },
  });
  // Unknown attributes make the test server leave a child unstarted, without a word.
  await ensureSearchAttributes(env.connection, env.namespace ?? 'default');
  const workflowsPath = join(projectRoot(), 'workflows', 'index.ts');
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: TASK_QUEUE,
    identity: 'test',
    workflowBundle,
    activities: effects,
  });
  const ran = worker.run();
  const stop = async (): Promise<void> => {
    worker.shutdown();
    await ran;
    await env.teardown();
  };
  return { env, stop };
}

/** Remembers what was published, by command. */
export class Published {
  readonly records: CommandRecords[] = [];
  /** Replaced by a test that wants publishing to fail or to wait. */
  gate: (records: CommandRecords) => Promise<void> = () => Promise.resolve();

  readonly publish = async (records: CommandRecords): Promise<void> => {
    await this.gate(records);
    this.records.push(records);
  };

  states(commandId: string): string[] {
    return this.records.flatMap((r) => r.events.filter((e) => e.command_id === commandId).map((e) => e.state));
  }

  orders(commandId: string): string[] {
    const ours = this.records.flatMap((r) => r.commands.filter((c) => c.command_id.startsWith(commandId)));
    return ours.map((c) => `${c.name}#${c.attempt}`);
  }
}

let counter = 0;

export async function commandInput(env: TestWorkflowEnvironment, of: Partial<CommandInput> & { timeout_ms: number }) {
  const issued_at = await env.currentTimeMs();
  const { timeout_ms, ...rest } = of;
  const input: CommandInput = {
    command_id: `c${++counter}`,
    tenant: 't',
    device_id: 'pump',
    agent_id: 'a1',
    name: 'set-setpoint',
    args: '{"value":21.5}',
    qos: 1,
    issued_at,
    deadline: issued_at + timeout_ms,
    actor: 'ann',
    ...rest,
  };
  return input;
}

/** A report of the agent about a command. */
export function report(input: CommandInput, state: Parameters<typeof eventOf>[1], of: Partial<CommandEvent> = {}) {
  return { ...eventOf(input, state, { at: input.issued_at + 5, actor: `agent:${input.agent_id}` }), ...of };
}

export { commandEventsSignal };
