import { Decoder } from '../../../../schemas/codec';
import { type Command, type CommandEvent } from '../../../../schemas/generated';
import { systemClock } from '../../../../edge-agent/io/clock';
import { CommandLedger } from '../../../../edge-agent/io/commands/command-ledger';
import { CommandExecutor, type ExecutorOptions } from '../../../../edge-agent/io/commands/executor';
import { type OutboxRecord } from '../../../../edge-agent/io/outbox-api';
import { type OutboxFs } from '../../../../edge-agent/io/outbox/fs';
import { command as sample, device } from '../../core/commands/helpers';
import { MemoryField } from './field';

const decoder = new Decoder('command-event');

/** An outbox that only remembers. */
export class Told {
  readonly events: CommandEvent[] = [];
  refuse: Error | undefined;
  /** How long its disk takes. */
  sync_ms = 0;

  async append(records: readonly OutboxRecord[]): Promise<readonly number[]> {
    if (this.refuse) throw this.refuse;
    const seqs = records.map((r) => this.events.push(decoder.decode(r.encode(this.events.length + 1))));
    if (this.sync_ms > 0) await systemClock.sleep(this.sync_ms);
    return seqs;
  }

  states(id = 'c-1'): string[] {
    return this.events.filter((e) => e.command_id === id).map((e) => e.state);
  }
}

export interface Agent {
  readonly executor: CommandExecutor;
  readonly ledger: CommandLedger;
  readonly told: Told;
  readonly field: MemoryField;
  readonly refused: Map<string, string>;
  readonly errors: unknown[];
  settled(): Promise<void>;
}

export async function agent(
  fs: OutboxFs,
  field = new MemoryField(),
  { clock = systemClock, flush = () => Promise.resolve(7), ...control }: Partial<ExecutorOptions> = {},
): Promise<Agent> {
  const told = new Told();
  const refused = new Map<string, string>();
  const errors: unknown[] = [];
  const ledger = await CommandLedger.open(fs, '/data/ledger', clock, (e) => control.traces?.observe(e));
  const executor = new CommandExecutor({
    agentId: 'agent-1',
    ledger,
    outbox: told,
    clock,
    device: (id) => (id.startsWith('press') ? { plan: device(id), field } : undefined),
    refused: (id) => refused.get(id),
    flush,
    onError: (e) => errors.push(e),
    ...control,
  });
  executor.start();
  const settled = async (): Promise<void> => {
    while (executor.underWay > 0) await systemClock.sleep(2);
    await systemClock.sleep(5);
  };
  return { executor, ledger, told, field, refused, errors, settled };
}

/** A command that is due now. */
export function command(change: Partial<Command> = {}): Command {
  const now = systemClock.now();
  return sample({ issued_at: now, deadline: now + 60_000, ...change });
}
