/** The ledger on disk: events are durable before they count. */
import { eventsOf, type Ledger, type LedgerEvent, LedgerFold } from '../../core/commands/ledger';
import { forgettable } from '../../core/commands/decide';
import { type Clock } from '../clock';
import { type OutboxFs } from '../outbox/fs';
import { Journal, type JournalStart } from './journal';

export class CommandLedger {
  private constructor(
    private readonly fold: LedgerFold,
    private readonly journal: Journal,
    private readonly clock: Clock,
    /** What was found when it was opened. */
    readonly start: JournalStart,
  ) {}

  /** `observe` is told of every event that became durable from now on. */
  static async open(
    fs: OutboxFs,
    path: string,
    clock: Clock,
    observe?: (event: LedgerEvent) => void,
  ): Promise<CommandLedger> {
    const fold = new LedgerFold();
    const apply = (event: LedgerEvent): void => {
      fold.apply(event);
      observe?.(event);
    };
    const target = { apply, snapshot: () => snapshot(fold) };
    const { journal, start } = await Journal.open(fs, path, clock, target);
    for (const event of start.events) fold.apply(event);
    const ledger = new CommandLedger(fold, journal, clock, start);
    if (start.damagedBytes > 0) await ledger.record([{ type: 'damaged', at: clock.now() }]);
    return ledger;
  }

  get state(): Ledger {
    return this.fold;
  }

  /** Durable when it resolves, and only then part of the state. */
  record(events: readonly LedgerEvent[]): Promise<void> {
    return this.journal.append(events);
  }

  /** Forgets finished commands that nobody can ask for any more. */
  async tidy(): Promise<void> {
    const ids = forgettable(this.fold, this.clock.now());
    if (ids.length > 0) await this.record(ids.map((id) => ({ type: 'forgotten', id })));
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

function* snapshot(fold: LedgerFold): Generator<LedgerEvent> {
  if (fold.distrustUntil > 0) yield { type: 'damaged', at: fold.distrustUntil };
  for (const entry of fold.entries.values()) yield* eventsOf(entry);
}
