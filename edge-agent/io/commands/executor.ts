/**
 * Carries commands out, each device's one after the other: what comes is durable before it is acknowledged, what is to be
 * done once is on record before it is done, and every outcome is told (DESIGN.md §7).
 */
import { type Command } from '../../../schemas/generated';
import {
  type AgentTime,
  CANCEL,
  MAX_ENTRIES,
  onArrival,
  onCancel,
  onRecovery,
  report,
  targetOf,
} from '../../core/commands/decide';
import { type Entry, type LedgerEvent } from '../../core/commands/ledger';
import { priorityOf } from '../../core/commands/options';
import { PlatformTime } from '../../core/commands/platform-time';
import { type Outbox } from '../outbox-api';
import { type DirectWord } from './direct';
import { Sleepers } from './sleepers';
import { Teller } from './teller';
import { BEGUN_BEFORE, TurnQueues } from './turn-queues';
import { type TurnDeps, Turns } from './turns';

export interface ExecutorOptions extends TurnDeps {
  readonly agentId: string;
  readonly outbox: Pick<Outbox, 'append'>;
  /** Absent: what commands came to goes by the outbox only. */
  readonly direct?: Pick<DirectWord, 'tell'> | undefined;
}

const TIDY_MS = 3_600_000;

export class CommandExecutor {
  private readonly queues: TurnQueues;
  private readonly sleepers = new Sleepers();
  private readonly teller: Teller;
  private readonly platform = new PlatformTime();
  private readonly turns: Turns;
  private tidyTimer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: ExecutorOptions) {
    const { agentId, ledger, onError } = options;
    this.teller = new Teller(agentId, ledger, options, onError);
    this.queues = new TurnQueues(() => this.closed, onError);
    this.turns = new Turns(
      options,
      this.teller,
      () => this.time(),
      this.stopping.signal,
      (command, left_ms, again) => this.sleepers.hold(command.device_id, left_ms, () => this.queue(command, again)),
    );
  }

  private get closed(): boolean {
    return this.stopping.signal.aborted;
  }

  get underWay(): number {
    return this.queues.size;
  }

  /** Goes on with what an earlier run left. */
  start(): void {
    const { ledger, clock } = this.options;
    for (const entry of ledger.state.entries.values()) this.platform.learn(entry.command, clock.monotonic());
    for (const entry of ledger.state.entries.values()) this.recover(entry);
    void this.teller.tellAll();
    this.tidyTimer = setInterval(() => void this.options.ledger.tidy().catch(this.options.onError), TIDY_MS);
    this.tidyTimer.unref();
  }

  /** Resolves when the commands are durable in the ledger: only then may their offsets be committed. */
  async deliver(commands: readonly Command[]): Promise<void> {
    const events: LedgerEvent[] = [];
    const afterwards: (() => void)[] = [];
    const fresh = new Set<string>();
    for (const command of commands) {
      this.platform.learn(command, this.options.clock.monotonic());
      if (command.name === CANCEL) await this.recordAll(events, afterwards, fresh);
      const arrived = command.name === CANCEL ? this.cancelled(command) : this.arrived(command, fresh);
      events.push(...arrived.events);
      afterwards.push(arrived.then);
    }
    await this.recordAll(events, afterwards, fresh);
  }

  /** A device is heard of: what waits for that may begin. */
  wake(device: string): void {
    this.sleepers.wake(device);
  }

  /** What the platform was told it may have lost. Of each command remembered, all there is to tell. */
  tellEverything(): void {
    for (const entry of this.options.ledger.state.entries.values())
      void this.teller.tellAgain(entry, entry.command.attempt);
  }

  /** Waits for what is at the field; what waits for its turn or for the stream goes on after the next start. */
  async close(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.tidyTimer);
    this.sleepers.close();
    await this.queues.idle();
    await this.teller.stop();
    await this.options.ledger.close();
  }

  private async recordAll(events: LedgerEvent[], afterwards: (() => void)[], fresh: Set<string>): Promise<void> {
    if (events.length > 0) await this.options.ledger.record(events.splice(0));
    fresh.clear();
    for (const then of afterwards.splice(0)) then();
  }

  private arrived(command: Command, fresh: Set<string>): { events: LedgerEvent[]; then: () => void } {
    const { ledger, clock } = this.options;
    const id = command.command_id;
    if (fresh.has(id)) return { events: [], then: () => undefined };
    const arrival = onArrival(ledger.state, command, this.time());
    if (arrival.kind === 'repeat')
      return { events: [], then: () => void this.teller.tellAgain(arrival.entry, command.attempt) };
    fresh.add(id);
    const at = clock.now();
    const received: LedgerEvent = { type: 'received', command, at };
    const full = ledger.state.entries.size + fresh.size > MAX_ENTRIES;
    if (arrival.kind === 'accept' && !full)
      return {
        events: [received],
        then: () => {
          this.teller.tellSoon(id);
          this.queue(command);
        },
      };
    const refusal =
      arrival.kind === 'refuse'
        ? report(arrival.state, at, arrival.detail)
        : report('failed', at, `the agent remembers ${MAX_ENTRIES} commands and can take no more`);
    return { events: [received, { type: 'reported', id, report: refusal }], then: () => void this.teller.tell(id) };
  }

  private cancelled(order: Command): { events: LedgerEvent[]; then: () => void } {
    const { ledger, clock } = this.options;
    const id = targetOf(order);
    if (id === undefined) return { events: [], then: () => undefined };
    const cancellation = onCancel(ledger.state, id, this.turns.begun(id));
    const reason = report('cancelled', clock.now(), `cancelled by ${order.actor}`);
    switch (cancellation.kind) {
      case 'bar': {
        const command = { ...order, command_id: id, name: '', args: '{}' };
        return { events: [{ type: 'barred', command, report: reason }], then: () => void this.teller.tell(id) };
      }
      case 'cancel':
        return { events: [{ type: 'reported', id, report: reason }], then: () => void this.teller.tell(id) };
      case 'too-late':
        return { events: [], then: () => void this.teller.tellAgain(cancellation.entry, order.attempt) };
    }
  }

  private time(): AgentTime {
    const { clock } = this.options;
    return this.platform.at(clock.now(), clock.monotonic());
  }

  private recover(entry: Entry): void {
    const { device_id, command_id } = entry.command;
    const recovery = onRecovery(entry);
    switch (recovery.kind) {
      case 'nothing':
        return;
      case 'settle':
        return this.first(device_id, () => this.turns.settle(command_id, recovery.state, recovery.detail));
      case 'start':
        return this.queue(entry.command, true);
      case 'verify':
        return this.first(device_id, () => this.turns.verifyOnly(command_id));
      case 'look':
        return this.first(device_id, () => this.turns.lookAndGoOn(command_id, recovery.step));
    }
  }

  /** Serial per device; `again` when it may have been begun by an earlier run of the agent. */
  private queue(command: Command, again = false): void {
    this.queues.add(command.device_id, priorityOf(command), () => this.turns.take(command.command_id, again));
  }

  private first(device: string, work: () => Promise<void>): void {
    this.queues.add(device, BEGUN_BEFORE, work);
  }
}
