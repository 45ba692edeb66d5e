/**
 * What the agent knows about the commands it was given: a fold over the events of its journal, pure. A command's entry
 * outlives its execution, so that a duplicate is answered and never carried out again.
 */
import { type Command } from '../../../schemas/generated';

/** States the agent reports. `delivered` follows from the entry itself. */
export type Reported = 'delivered' | 'executed' | 'verified' | 'failed' | 'expired' | 'cancelled' | 'outcome-unknown';

export interface Report {
  readonly state: Reported;
  /** ms since 1970-01-01 UTC, the agent's clock. */
  readonly at: number;
  /** Error or remark in words. */
  readonly detail: string;
  /** JSON object. */
  readonly result: string;
}

export type LedgerEvent =
  /** The command is durable here; its offset may be committed. */
  | { readonly type: 'received'; readonly command: Command; readonly at: number }
  /** Write number `step`, 0.., is about to go to the field. Synced before it does when the command is QoS 2. */
  | { readonly type: 'intent'; readonly id: string; readonly step: number; readonly at: number }
  | { readonly type: 'reported'; readonly id: string; readonly report: Report }
  /** The state's event is in the outbox. */
  | { readonly type: 'told'; readonly id: string; readonly state: Reported }
  /** A cancellation came before the command did: it must not be carried out when it comes. */
  | { readonly type: 'barred'; readonly command: Command; readonly report: Report }
  | { readonly type: 'forgotten'; readonly id: string }
  /** Part of the journal could not be read: commands issued until then may have been carried out unknown to it. */
  | { readonly type: 'damaged'; readonly at: number };

export interface Entry {
  readonly command: Command;
  readonly receivedAt: number;
  /** Last write that may have reached the field. */
  readonly intent: number | undefined;
  readonly reports: readonly Report[];
  readonly told: readonly Reported[];
}

export interface Ledger {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Commands issued up to here may be unknown although they were carried out, ms; 0 when none. */
  readonly distrustUntil: number;
}

/** The ledger as it is folded: entries are immutable, the map is not, so that one event costs one entry. */
export class LedgerFold implements Ledger {
  readonly entries = new Map<string, Entry>();
  distrustUntil = 0;

  apply(event: LedgerEvent): void {
    switch (event.type) {
      case 'received':
        return this.received(event.command, event.at);
      case 'barred':
        this.received(event.command, event.report.at);
        return this.change(event.command.command_id, (e) => ({ ...e, reports: [...e.reports, event.report] }));
      case 'intent':
        return this.change(event.id, (e) => ({ ...e, intent: event.step }));
      case 'reported':
        return this.change(event.id, (e) => ({ ...e, reports: [...e.reports, event.report] }));
      case 'told':
        return this.change(event.id, (e) =>
          e.told.includes(event.state) ? e : { ...e, told: [...e.told, event.state] },
        );
      case 'forgotten':
        return void this.entries.delete(event.id);
      case 'damaged':
        this.distrustUntil = Math.max(this.distrustUntil, event.at);
        return;
      default:
        return unknownEvent(event);
    }
  }

  private received(command: Command, at: number): void {
    if (this.entries.has(command.command_id)) return;
    this.entries.set(command.command_id, { command, receivedAt: at, intent: undefined, reports: [], told: [] });
  }

  private change(id: string, change: (entry: Entry) => Entry): void {
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, change(entry));
  }
}

function unknownEvent(event: never): never {
  throw new TypeError(`unknown ledger event ${JSON.stringify(event)}`);
}

/** The events that make this entry again, for a journal that is written anew. */
export function eventsOf(entry: Entry): LedgerEvent[] {
  const id = entry.command.command_id;
  return [
    { type: 'received', command: entry.command, at: entry.receivedAt },
    ...(entry.intent === undefined ? [] : [{ type: 'intent', id, step: entry.intent, at: entry.receivedAt } as const]),
    ...entry.reports.map((report) => ({ type: 'reported', id, report }) as const),
    ...entry.told.map((state) => ({ type: 'told', id, state }) as const),
  ];
}

export const lastReport = (entry: Entry): Report | undefined => entry.reports.at(-1);

/** Nothing will be done about the command any more. */
export function isOver(entry: Entry): boolean {
  const last = lastReport(entry);
  if (!last) return false;
  return last.state !== 'executed' || !isVerifiable(last);
}

/** An execution that is still to be read back. */
export function isVerifiable(report: Report): boolean {
  const result = JSON.parse(report.result) as { verifiable?: boolean };
  return result.verifiable !== false;
}

/** Reports whose events are not known to be in the outbox, `delivered` included, oldest first. */
export function untold(entry: Entry): Report[] {
  const delivered: Report = { state: 'delivered', at: entry.receivedAt, detail: '', result: '{}' };
  const barred = entry.reports[0]?.state === 'cancelled' && entry.intent === undefined;
  const all = barred ? entry.reports : [delivered, ...entry.reports];
  return all.filter((r) => !entry.told.includes(r.state));
}
