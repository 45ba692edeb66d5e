/** Keeps local control's state on disk and brings alarm events to the outbox: on disk before on their way. */
import { type Logger } from 'pino';
import { type AlarmEvent } from '../../../schemas/generated';
import { alarmRecord } from '../../records';
import { type OutboxRecord } from '../outbox-api';
import { type ControlState, type StateFile } from './state-file';

const SAVE_DELAY_MS = 1_000;
/** Longest wait at the end for what is under way to the outbox, ms. */
const LAST_WORDS_MS = 1_000;

export interface KeeperOptions {
  readonly file: Pick<StateFile, 'save'>;
  readonly log: Pick<Logger, 'error'>;
  /** Durable when `done` is called. */
  submit(records: readonly OutboxRecord[], done: () => void): void;
}

export class Keeper {
  failures = 0;
  /** Events that are not known to be in the outbox, and those of them that are on their way. */
  private readonly open: Set<AlarmEvent>;
  private readonly handed = new Set<AlarmEvent>();
  private readonly handing = new Set<Promise<void>>();
  private dirty = false;
  private closed = false;
  private saving: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: KeeperOptions,
    private readonly state: () => ControlState,
    untold: readonly AlarmEvent[],
  ) {
    this.open = new Set(untold);
  }

  get untold(): readonly AlarmEvent[] {
    return [...this.open];
  }

  tell(events: readonly AlarmEvent[]): void {
    for (const event of events) this.open.add(event);
    if (events.length > 0) void this.save();
  }

  /** What would follow from the next samples anyway is saved soon: a rule that flickers must not wear out the disk. */
  note(): void {
    if (!this.closed) this.timer ??= setTimeout(() => void this.save(), SAVE_DELAY_MS);
  }

  /** Resolves when everything up to now is on disk, or could not be put there. */
  save(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.dirty = true;
    return (this.saving ??= this.saveAll().finally(() => (this.saving = undefined)));
  }

  /** Resolves when what is known is on disk, and what is in the outbox is known to be. */
  async close(): Promise<void> {
    this.closed = true;
    await this.save();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, LAST_WORDS_MS)));
    await Promise.race([Promise.all(this.handing), patience]);
    clearTimeout(timer);
    await this.save();
  }

  /** An alarm told and then forgotten would stay active for ever: so the state goes first. */
  private async saveAll(): Promise<void> {
    await Promise.resolve();
    while (this.dirty) {
      this.dirty = false;
      const state = this.state();
      await this.options.file.save(state).catch((err: unknown) => {
        this.failures++;
        this.options.log.error({ err }, 'local control could not be saved');
      });
      this.hand(state.untold.filter((e) => this.open.has(e) && !this.handed.has(e)));
    }
  }

  private hand(events: readonly AlarmEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) this.handed.add(event);
    const durable = new Promise<void>((resolve) => this.options.submit(events.map(alarmRecord), resolve)).then(() => {
      for (const event of events) {
        this.open.delete(event);
        this.handed.delete(event);
      }
      this.handing.delete(durable);
      // Otherwise they would be told once more after the next start.
      this.note();
    });
    this.handing.add(durable);
  }
}
