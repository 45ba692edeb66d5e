/** What an agent has on its disk, opened in order: the outbox first, whose lock keeps a second agent out. */
import { join } from 'node:path';
import { type Logger } from 'pino';
import { type AgentPlan } from './core/compile/plan';
import { type LedgerEvent } from './core/commands/ledger';
import { type Clock } from './io/clock';
import { CommandLedger } from './io/commands/command-ledger';
import { type ControlState, StateFile } from './io/control/state-file';
import { DEFAULT_BOUNDS } from './io/outbox/bounds';
import { type OutboxEvent } from './io/outbox/disposal';
import { nodeFs } from './io/outbox/fs';
import { type DiskOutbox, openOutbox } from './io/outbox/outbox';

export interface Disk {
  readonly outbox: DiskOutbox;
  readonly ledger: CommandLedger;
  readonly control: ControlState;
}

export interface DiskOptions {
  readonly plan: AgentPlan;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  newId(): string;
  onOutbox(event: OutboxEvent): void;
  /** Of what became durable from now on. */
  onLedger(event: LedgerEvent): void;
}

/** Throws OutboxError, such as `locked` when another process has it. */
export async function openDisk(options: DiskOptions): Promise<Disk> {
  const { plan, dataDir, clock, log } = options;
  const outbox = await openOutbox({
    directory: join(dataDir, 'outbox'),
    bounds: { ...DEFAULT_BOUNDS, telemetryBytes: plan.telemetry_bytes, priorityBytes: plan.priority_bytes },
    fs: nodeFs,
    clock,
    tenant: plan.tenant,
    agentId: plan.agent_id,
    newId: () => options.newId(),
    onEvent: (event) => {
      log.warn({ event }, 'outbox');
      options.onOutbox(event);
    },
  });
  const ledger = await CommandLedger.open(nodeFs, join(dataDir, 'commands.journal'), clock, (e) => options.onLedger(e));
  const control = await new StateFile(join(dataDir, 'control.json')).load();
  return { outbox, ledger, control };
}
