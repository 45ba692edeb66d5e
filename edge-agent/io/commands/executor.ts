/**
 * Carries commands out, each device's one after the other: what comes is durable before it is acknowledged, what is to be
 * done once is on record before it is done, and every outcome is told (DESIGN.md §7).
 */
import { type Command } from '../../../schemas/generated';
import { bind, type BoundCommand } from '../../core/commands/bind';
import {
  type AgentTime,
  behindAfter,
  CANCEL,
  FLUSH,
  MAX_ENTRIES,
  onArrival,
  onCancel,
  onRecovery,
  onTurn,
  report,
  targetOf,
} from '../../core/commands/decide';
import { type Entry, type LedgerEvent, type Report } from '../../core/commands/ledger';
import { type DevicePlan } from '../../core/compile/plan';
import { type Clock } from '../clock';
import { type Outbox } from '../outbox-api';
import { type CommandLedger } from './command-ledger';
import { engineering, Execution, type Field } from './execution';
import { Teller } from './teller';

export interface ExecutorOptions {
  readonly agentId: string;
  readonly ledger: CommandLedger;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly clock: Clock;
  /** Undefined when the device is not in the profile. */
  device(id: string): { readonly plan: DevicePlan; readonly field: Field } | undefined;
  /** Why the device takes no commands, undefined when it does. */
  refused(id: string): string | undefined;
  /** Why local control lets no such command through at present; undefined when it does. */
  interlocked?(device: string, command: string): string | undefined;
  /** A command for the agent's own control: resolves with why it cannot be done. Undefined: it is none. */
  local?(command: Command): Promise<string | undefined> | undefined;
  /** Resolves with the device's last sequence number when everything up to it is on the stream. */
  flush(device: string): Promise<number>;
  onError(error: unknown): void;
}

const TIDY_MS = 3_600_000;
/** Pause after the ledger's disk refused, ms. */
const LEDGER_RETRY_MS = 1_000;

export class CommandExecutor {
  /** Commands that are begun: too late to cancel. */
  private readonly begun = new Set<string>();
  private readonly queues = new Map<string, Promise<void>>();
  private readonly teller: Teller;
  private behind_ms = 0;
  private tidyTimer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: ExecutorOptions) {
    const { agentId, ledger, outbox, onError } = options;
    this.teller = new Teller(agentId, ledger, outbox, onError);
  }

  private get closed(): boolean {
    return this.stopping.signal.aborted;
  }

  get underWay(): number {
    return this.queues.size;
  }

  /** Goes on with what an earlier run left. */
  start(): void {
    for (const entry of this.options.ledger.state.entries.values()) this.recover(entry);
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
      this.behind_ms = behindAfter(this.behind_ms, this.options.clock.now(), command);
      if (command.name === CANCEL) await this.recordAll(events, afterwards, fresh);
      const arrived = command.name === CANCEL ? this.cancelled(command) : this.arrived(command, fresh);
      events.push(...arrived.events);
      afterwards.push(arrived.then);
    }
    await this.recordAll(events, afterwards, fresh);
  }

  /** Waits for what is at the field; what waits for its turn or for the stream goes on after the next start. */
  async close(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.tidyTimer);
    this.teller.stop();
    await Promise.all(this.queues.values());
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
          void this.teller.tell(id);
          this.enqueue(command.device_id, () => this.turn(id));
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
    const cancellation = onCancel(ledger.state, id, this.begun.has(id));
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

  private recover(entry: Entry): void {
    const { device_id, command_id } = entry.command;
    const recovery = onRecovery(entry);
    switch (recovery.kind) {
      case 'nothing':
        return;
      case 'settle':
        return this.enqueue(device_id, () => this.settle(command_id, recovery.state, recovery.detail));
      case 'start':
        return this.enqueue(device_id, () => this.turn(command_id));
      case 'verify':
        return this.enqueue(device_id, () => this.verifyOnly(command_id));
      case 'look':
        return this.enqueue(device_id, () => this.lookAndGoOn(command_id, recovery.step));
    }
  }

  /** Serial per device, in the order of arrival. */
  private enqueue(device: string, work: () => Promise<void>): void {
    const before = this.queues.get(device) ?? Promise.resolve();
    const after: Promise<void> = before
      .then(async () => {
        if (!this.closed) await work();
      })
      .catch(this.options.onError)
      .finally(() => {
        if (this.queues.get(device) === after) this.queues.delete(device);
      });
    this.queues.set(device, after);
  }

  private async turn(id: string): Promise<void> {
    const entry = this.options.ledger.state.entries.get(id);
    if (!entry || entry.reports.length > 0) return;
    const { command } = entry;
    const start = onTurn(entry, this.time(), this.options.refused(command.device_id));
    if (start.kind === 'settle') return this.settle(id, start.state, start.detail);
    this.begun.add(id);
    try {
      if (command.name === FLUSH) await this.flush(entry);
      else await this.execute(entry, 0);
    } finally {
      this.begun.delete(id);
    }
  }

  private async execute(entry: Entry, firstStep: number): Promise<void> {
    const { command } = entry;
    const local = this.options.local?.(command);
    if (local) return this.settleLocal(command.command_id, await local);
    const bound = this.options.interlocked?.(command.device_id, command.name) ?? this.bound(command);
    if (typeof bound === 'string') return this.settle(command.command_id, 'failed', bound);
    const { execution, writes } = bound;
    for (const [step, write] of writes.entries()) {
      if (step < firstStep) continue;
      if (command.qos === 2) await this.intend(command.command_id, step);
      if (this.closed) return;
      const outcome = await execution.write(write, command.qos === 1);
      if (outcome.kind === 'written') continue;
      const state = outcome.kind === 'failed' ? 'failed' : 'outcome-unknown';
      return this.settle(command.command_id, state, outcome.detail, { writes_done: step });
    }
    await this.executed(command, bound);
    if (bound.verify.length > 0) await this.verify(command, bound);
  }

  private async lookAndGoOn(id: string, step: number): Promise<void> {
    const entry = this.options.ledger.state.entries.get(id);
    if (!entry) return;
    const bound = this.bound(entry.command);
    const write = typeof bound === 'string' ? undefined : bound.writes[step];
    if (typeof bound !== 'string' && write && (await bound.execution.shows(write)))
      return this.execute(entry, step + 1);
    const why = typeof bound === 'string' ? bound : `${write?.point.metric} does not show the value`;
    await this.settle(id, 'outcome-unknown', `the agent was restarted during the write, and ${why}`);
  }

  private async verifyOnly(id: string): Promise<void> {
    const command = this.options.ledger.state.entries.get(id)?.command;
    if (!command) return;
    const bound = this.bound(command);
    if (typeof bound === 'string') return this.settle(id, 'outcome-unknown', `cannot be read back: ${bound}`);
    await this.verify(command, bound);
  }

  private async verify(command: Command, bound: BoundCommand & { execution: Execution }): Promise<void> {
    const outcome = await bound.execution.verify(bound.verify);
    const id = command.command_id;
    switch (outcome.kind) {
      case 'verified':
        return this.settle(id, 'verified', '', { read_back: outcome.readBack });
      case 'mismatch':
        return this.settle(id, 'failed', `written, but ${outcome.detail}`, { read_back: outcome.readBack });
      case 'unreadable':
        return this.settle(id, 'outcome-unknown', `written, but could not be read back: ${outcome.detail}`);
    }
  }

  private async executed(command: Command, bound: BoundCommand): Promise<void> {
    const verifiable = bound.verify.length > 0;
    await this.settle(command.command_id, 'executed', '', { verifiable, written: engineering(bound) });
  }

  private async flush({ command }: Entry): Promise<void> {
    const { clock, flush } = this.options;
    const left_ms = command.deadline - clock.now() - Math.max(0, this.behind_ms);
    const over = new AbortController();
    const stop = (): void => over.abort();
    this.stopping.signal.addEventListener('abort', stop);
    const last_seq = await Promise.race([flush(command.device_id), clock.sleep(left_ms, over.signal)]);
    over.abort();
    this.stopping.signal.removeEventListener('abort', stop);
    if (this.closed) return;
    if (last_seq === undefined)
      return this.settle(command.command_id, 'failed', 'not everything was on the stream at the deadline');
    await this.settle(command.command_id, 'executed', '', { verifiable: false, last_seq });
  }

  private bound(command: Command): (BoundCommand & { execution: Execution }) | string {
    const { clock, device } = this.options;
    const found = device(command.device_id);
    if (!found) return `the profile of this agent has no device ${command.device_id}`;
    const binding = bind(found.plan, command.name, command.args);
    if (!binding.ok) return binding.reason;
    const left_ms = command.deadline - clock.now() - Math.max(0, this.behind_ms);
    const execution = new Execution(found.field, command.device_id, clock, clock.monotonic() + left_ms);
    return { ...binding.command, execution };
  }

  private intend(id: string, step: number): Promise<void> {
    return this.persist({ type: 'intent', id, step, at: this.options.clock.now() });
  }

  /** What happened cannot be taken back: it is written as soon as the disk lets us. */
  private async persist(event: LedgerEvent): Promise<void> {
    const { ledger, clock, onError } = this.options;
    for (;;) {
      try {
        return await ledger.record([event]);
      } catch (error) {
        onError(error);
        if (this.closed) return;
        await clock.sleep(LEDGER_RETRY_MS, this.stopping.signal);
      }
    }
  }

  private async settle(id: string, state: Report['state'], detail: string, result: object = {}): Promise<void> {
    await this.persist({ type: 'reported', id, report: report(state, this.options.clock.now(), detail, result) });
    void this.teller.tell(id);
  }

  private settleLocal(id: string, refusal: string | undefined): Promise<void> {
    if (refusal !== undefined) return this.settle(id, 'failed', refusal);
    return this.settle(id, 'executed', '', { verifiable: false });
  }

  private time(): AgentTime {
    return { now: this.options.clock.now(), behind_ms: this.behind_ms };
  }
}
