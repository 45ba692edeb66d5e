/** One command whose turn has come: on record before it is done, written, read back, settled (DESIGN.md §7). */
import { type Command } from '../../../schemas/generated';
import { type CallAnswer } from '../../adapter';
import { bind, type BoundCommand } from '../../core/commands/bind';
import { type AgentTime, DRY_RUN, FLUSH, onTurn, report, timeLeft } from '../../core/commands/decide';
import { type Entry, type LedgerEvent, type Report } from '../../core/commands/ledger';
import { parseOptions } from '../../core/commands/options';
import { rehearsed, wouldRefuse, wouldWrite } from '../../core/commands/rehearsal';
import { isUpdate, type UpdateOutcome } from '../../core/update/update';
import { type DevicePlan } from '../../core/compile/plan';
import { type Clock } from '../clock';
import { type CommandLedger } from './command-ledger';
import { engineering, Execution, type Field } from './execution';
import { type Teller } from './teller';
import { type CommandTraces } from './traces';

export interface TurnDeps {
  readonly ledger: CommandLedger;
  readonly clock: Clock;
  /** Undefined when the device is not in the profile. */
  device(id: string): { readonly plan: DevicePlan; readonly field: Field } | undefined;
  /** Why the device takes no commands, undefined when it does. */
  refused(id: string): string | undefined;
  /** Why local control lets no such command through at present; undefined when it does. */
  interlocked?(device: string, command: string): string | undefined;
  /** A command for the agent's own control: resolves with why it cannot be done. Undefined: it is none. */
  local?(command: Command): Promise<string | undefined> | undefined;
  /** Installs an image, or puts one back. Undefined: this agent installs none, or does not know the device. */
  update?(command: Command, left_ms: number): Promise<UpdateOutcome> | undefined;
  /** Whether a device that sleeps can be reached now; absent when none does. */
  awake?(device: string): boolean;
  /** Resolves with the device's last sequence number when everything up to it is on the stream. */
  flush(device: string): Promise<number>;
  /** Absent: nothing is traced. */
  readonly traces?: CommandTraces | undefined;
  onError(error: unknown): void;
}

/** What methods gave back, by metric. */
type Answers = Readonly<Record<string, CallAnswer>>;
type Bound = BoundCommand & { readonly execution: Execution };

/** Pause after the ledger's disk refused, ms. */
const LEDGER_RETRY_MS = 1_000;

export class Turns {
  private readonly underWay = new Set<string>();

  constructor(
    private readonly deps: TurnDeps,
    private readonly teller: Teller,
    private readonly time: () => AgentTime,
    private readonly stopping: AbortSignal,
    /** Comes back with a turn when the device wakes, or when the time is over. */
    private readonly hold: (command: Command, left_ms: number, again: boolean) => void,
  ) {}

  /** Too late to cancel. */
  begun(id: string): boolean {
    return this.underWay.has(id);
  }

  private get closed(): boolean {
    return this.stopping.aborted;
  }

  /** Its turn has come; `restarted` when it was received before a restart. */
  async take(id: string, restarted = false): Promise<void> {
    const entry = this.deps.ledger.state.entries.get(id);
    if (!entry || entry.reports.length > 0) return;
    const { command } = entry;
    const start = onTurn(entry, this.time(), this.deps.refused(command.device_id), restarted);
    if (start.kind === 'look') return this.wasItDone(entry, start.detail);
    if (start.kind === 'settle') return this.settle(id, start.state, start.detail);
    if (this.asleep(command)) return this.hold(command, this.left_ms(command), restarted);
    this.underWay.add(id);
    try {
      if (command.name === FLUSH) await this.flush(entry);
      else if (command.name === DRY_RUN) await this.rehearse(command);
      else if (isUpdate(command)) await this.update(command);
      else await this.execute(entry, 0);
    } finally {
      this.underWay.delete(id);
    }
  }

  private async execute(entry: Entry, firstStep: number): Promise<void> {
    const { command } = entry;
    const local = this.deps.local?.(command);
    if (local) return this.settleLocal(command.command_id, await local);
    const bound = this.deps.interlocked?.(command.device_id, command.name) ?? this.bound(command);
    if (typeof bound === 'string') return this.settle(command.command_id, 'failed', bound);
    const { execution, writes, options } = bound;
    const guarded = options.only_if.length > 0;
    const unmet = firstStep > 0 ? undefined : await execution.unmet(bound.only_if);
    if (unmet !== undefined)
      return this.settle(command.command_id, 'failed', `not carried out: ${unmet}`, { written: {} });
    const answers: Record<string, CallAnswer> = {};
    for (const [step, write] of writes.entries()) {
      if (step < firstStep) continue;
      if (command.qos === 2 || guarded) await this.intend(command.command_id, step);
      if (this.closed) return;
      const outcome = await execution.write(write, command.qos === 1);
      if (outcome.kind === 'written') {
        if (outcome.answer) answers[write.point.metric] = outcome.answer;
        continue;
      }
      const state = outcome.kind === 'failed' ? 'failed' : 'outcome-unknown';
      return this.settle(command.command_id, state, outcome.detail, { writes_done: step });
    }
    await this.concluded(command, bound, answers);
  }

  /** Carried out: on record while it is being read back. */
  private async concluded(command: Command, bound: Bound, answers: Answers = {}): Promise<void> {
    const recorded = this.executed(command, bound, answers);
    if (bound.verify.length > 0) await this.verify(command, bound, recorded);
    await recorded;
  }

  /** A write that may have been carried out before a restart: goes on when the field shows it, otherwise nobody knows. */
  async lookAndGoOn(id: string, step: number): Promise<void> {
    const entry = this.deps.ledger.state.entries.get(id);
    if (!entry) return;
    const bound = this.bound(entry.command);
    const write = typeof bound === 'string' ? undefined : bound.writes[step];
    if (typeof bound !== 'string' && write && (await bound.execution.shows(write)))
      return this.execute(entry, step + 1);
    const why = typeof bound === 'string' ? bound : `${write?.point.metric} does not show the value`;
    await this.settle(id, 'outcome-unknown', `the agent was restarted during the write, and ${why}`);
  }

  /** Written before a restart, and still to be read back. */
  async verifyOnly(id: string): Promise<void> {
    const command = this.deps.ledger.state.entries.get(id)?.command;
    if (!command) return;
    const bound = this.bound(command);
    if (typeof bound === 'string') return this.settle(id, 'outcome-unknown', `cannot be read back: ${bound}`);
    await this.verify(command, bound);
  }

  /** Too late to begin, but QoS 1 leaves no trace of having begun before the restart: the field is asked. */
  private async wasItDone({ command }: Entry, detail: string): Promise<void> {
    const id = command.command_id;
    const bound = this.bound(command);
    if (typeof bound === 'string') return this.settle(id, 'expired', detail);
    let done = 0;
    for (const write of bound.writes) {
      if (!(await bound.execution.shows(write))) break;
      done++;
    }
    if (done === 0) return this.settle(id, 'expired', detail);
    if (done < bound.writes.length) return this.settle(id, 'failed', detail, { writes_done: done });
    await this.concluded(command, bound);
  }

  /** Says nothing before what came first is on record. */
  private async verify(command: Command, bound: Bound, recorded?: Promise<void>): Promise<void> {
    const outcome = await bound.execution.verify(bound.verify);
    await recorded;
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

  private async executed(command: Command, bound: BoundCommand, answers: Answers): Promise<void> {
    const verifiable = bound.verify.length > 0;
    const answer = Object.keys(answers).length > 0 && { answer: answers };
    const result = { verifiable, written: engineering(bound), ...answer };
    await this.settle(command.command_id, 'executed', '', result, verifiable);
  }

  private async flush({ command }: Entry): Promise<void> {
    const { clock, flush } = this.deps;
    const left_ms = this.left_ms(command);
    const over = new AbortController();
    const stop = (): void => over.abort();
    this.stopping.addEventListener('abort', stop);
    const last_seq = await Promise.race([flush(command.device_id), clock.sleep(left_ms, over.signal)]);
    over.abort();
    this.stopping.removeEventListener('abort', stop);
    if (this.closed) return;
    if (last_seq === undefined)
      return this.settle(command.command_id, 'failed', 'not everything was on the stream at the deadline');
    await this.settle(command.command_id, 'executed', '', { verifiable: false, last_seq });
  }

  private bound(command: Command): Bound | string {
    const { clock, device, traces } = this.deps;
    const found = device(command.device_id);
    if (!found) return `the profile of this agent has no device ${command.device_id}`;
    const binding = bind(found.plan, command);
    if (!binding.ok) return binding.reason;
    const until = clock.monotonic() + this.left_ms(command);
    const field = traces?.field(command, found.field) ?? found.field;
    const execution = new Execution(field, command.device_id, clock, until, binding.command.options.settle_ms);
    return { ...binding.command, execution };
  }

  private asleep({ device_id, options }: Command): boolean {
    const parsed = parseOptions(options);
    return parsed.ok && parsed.options.when_awake && this.deps.awake?.(device_id) === false;
  }

  private async update(command: Command): Promise<void> {
    const { command_id } = command;
    let outcome: UpdateOutcome | undefined;
    try {
      outcome = await this.deps.update?.(command, this.left_ms(command));
    } catch (error) {
      // Such as a disk that refuses: how far it came cannot be told.
      return this.settle(command_id, 'outcome-unknown', (error as Error).message);
    }
    if (!outcome) return this.settle(command_id, 'failed', 'this agent installs no images on such a device');
    if (outcome.ok) return this.settle(command_id, 'executed', '', outcome.result);
    return this.settle(command_id, 'failed', outcome.detail, outcome.result);
  }

  /** What the command would do, were it carried out now; nothing is written. */
  private async rehearse(order: Command): Promise<void> {
    const command = rehearsed(order);
    const { device_id, name } = command;
    const refusal = this.deps.refused(device_id) ?? this.deps.interlocked?.(device_id, name);
    const bound = refusal ?? this.bound(command);
    if (typeof bound === 'string') return this.settle(order.command_id, 'executed', '', wouldRefuse(bound));
    const unmet = await bound.execution.unmet(bound.only_if);
    const now = await bound.execution.look(bound.writes.map((w) => w.point));
    const result = unmet === undefined ? wouldWrite(engineering(bound), now) : { ...wouldRefuse(unmet), now };
    await this.settle(order.command_id, 'executed', '', result);
  }

  private intend(id: string, step: number): Promise<void> {
    return this.persist({ type: 'intent', id, step, at: this.deps.clock.now() });
  }

  /** What happened cannot be taken back: it is written as soon as the disk lets us. */
  private async persist(event: LedgerEvent): Promise<void> {
    const { ledger, clock, onError } = this.deps;
    for (;;) {
      try {
        return await ledger.record([event]);
      } catch (error) {
        onError(error);
        if (this.closed) return;
        await clock.sleep(LEDGER_RETRY_MS, this.stopping);
      }
    }
  }

  /** On record, then told; `moreToCome`: with what follows at once, if it does. */
  async settle(
    id: string,
    state: Report['state'],
    detail: string,
    result: object = {},
    moreToCome = false,
  ): Promise<void> {
    await this.persist({ type: 'reported', id, report: report(state, this.deps.clock.now(), detail, result) });
    if (moreToCome) this.teller.tellSoon(id);
    else void this.teller.tell(id);
  }

  private settleLocal(id: string, refusal: string | undefined): Promise<void> {
    if (refusal !== undefined) return this.settle(id, 'failed', refusal);
    return this.settle(id, 'executed', '', { verifiable: false });
  }

  private left_ms(command: Command): number {
    return timeLeft(command, this.time());
  }
}
