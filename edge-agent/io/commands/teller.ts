/** Brings the reports of the ledger to the platform, straight or through the outbox: at least once, until the ledger says told. */
import { Encoder } from '../../../schemas/codec';
import { type CommandEvent } from '../../../schemas/generated';
import { commandKey, Topics } from '../../../schemas/topics';
import { type Entry, type Report, untold } from '../../core/commands/ledger';
import { type Outbox, type OutboxRecord, PRIORITY_COUNTER } from '../outbox-api';
import { type CommandLedger } from './command-ledger';
import { type DirectWord } from './direct';

const encoder = new Encoder('command-event');
const RETRY_MS = 2_000;
/**
 * Longest wait of a report that is not the last for the one that is: told together they cost one request, and the last
 * need not wait for the end of another's. Far below the platform's patience (5 s).
 */
const COMPANY_MS = 150;

export interface Ways {
  readonly outbox: Pick<Outbox, 'append'>;
  /** Tried first. Absent: there is the outbox only. */
  readonly direct?: Pick<DirectWord, 'tell'> | undefined;
}

export class Teller {
  private retry: NodeJS.Timeout | undefined;
  /** Reports waiting for company, by command. */
  private readonly soon = new Map<string, NodeJS.Timeout>();
  private stopped = false;
  /** Commands being told. One telling after the other: what is on its way is not yet told, and would be told twice. */
  private readonly telling = new Map<string, Promise<void>>();

  constructor(
    private readonly agentId: string,
    private readonly ledger: CommandLedger,
    private readonly ways: Ways,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Tells what of an entry is not told yet. Never rejects: what the outbox refuses is told later. */
  tell(id: string): Promise<void> {
    clearTimeout(this.soon.get(id));
    this.soon.delete(id);
    return this.inTurn(id, async () => {
      const entry = this.ledger.state.entries.get(id);
      if (entry) await this.bring(entry, untold(entry));
    });
  }

  /** Tells in a moment, or with the next report of the command. */
  tellSoon(id: string): void {
    if (this.soon.has(id) || this.stopped) return;
    this.soon.set(
      id,
      setTimeout(() => void this.tell(id), COMPANY_MS),
    );
  }

  /** Tells everything known of a command again: it was asked for again, so an answer was lost or is late. */
  tellAgain(entry: Entry, attempt: number): Promise<void> {
    const last = entry.reports.length > 0 ? entry.reports : untold({ ...entry, told: [] });
    const again = { ...entry, command: { ...entry.command, attempt } };
    return this.inTurn(entry.command.command_id, () => this.bring(again, last));
  }

  /** Everything that is not told, of every command. */
  async tellAll(): Promise<void> {
    for (const [id, entry] of [...this.ledger.state.entries]) if (untold(entry).length > 0) await this.tell(id);
  }

  /** What waits for company is told after the next start; what is being told is waited for. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    for (const timer of this.soon.values()) clearTimeout(timer);
    await Promise.all(this.telling.values());
  }

  private inTurn(id: string, tell: () => Promise<void>): Promise<void> {
    const turn: Promise<void> = (this.telling.get(id) ?? Promise.resolve()).then(tell).finally(() => {
      if (this.telling.get(id) === turn) this.telling.delete(id);
    });
    this.telling.set(id, turn);
    return turn;
  }

  private async bring(entry: Entry, reports: readonly Report[]): Promise<void> {
    if (reports.length === 0) return;
    const id = entry.command.command_id;
    const events = reports.map((r) => eventOf(this.agentId, entry, r));
    try {
      const told = await this.ways.direct?.tell(events);
      if (!told) await this.ways.outbox.append(events.map(recordOf));
      await this.ledger.record(reports.map((r) => ({ type: 'told', id, state: r.state })));
    } catch (error) {
      this.onError(error);
      if (!this.stopped) this.retry ??= setTimeout(() => this.tryAgain(), RETRY_MS);
    }
  }

  private tryAgain(): void {
    this.retry = undefined;
    void this.tellAll();
  }
}

function eventOf(agentId: string, { command }: Entry, { state, at, detail, result }: Report): CommandEvent {
  const { command_id, tenant, device_id, name, args, qos, attempt } = command;
  return {
    ...{ command_id, tenant, device_id, agent_id: agentId, state, at, actor: `agent:${agentId}` },
    ...{ name, args, qos, attempt, detail, result, seq: null },
  };
}

const recordOf = (event: CommandEvent): OutboxRecord => ({
  lane: 'priority',
  topic: Topics.commandEvents.name,
  schema: 'command-event',
  key: commandKey(event.tenant, event.command_id),
  counter: PRIORITY_COUNTER,
  readings: 0,
  encode: (seq) => encoder.encode({ ...event, seq }),
});
