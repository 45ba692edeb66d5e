/**
 * Reports of commands straight to the stream: one request in place of an append to the outbox and a transaction. What they say is
 * on record in the ledger, so nothing is lost when the agent is killed in between; what is not acknowledged goes by the outbox,
 * and may then be there twice, which whoever folds a command does not count (deploy/decisions/0488).
 */
import { Encoder, schemas } from '../../../schemas/codec';
import { type CommandEvent } from '../../../schemas/generated';
import { type Publisher } from '../../../schemas/publisher';
import { commandKey, Topics } from '../../../schemas/topics';
import { traceHeaders } from '../../../schemas/tracing/context';
import { during, NO_SPAN, type Span } from '../../../schemas/tracing/tracer';
import { type Clock } from '../clock';
import { type SchemaIdSource } from '../shipper/schema-ids';

/** Longest wait for the stream's acknowledgement, ms; then the outbox has the report, and brings it when it can. */
export const DIRECT_WAIT_MS = 2_000;

const TOPIC = Topics.commandEvents.name;
const SCHEMA = 'command-event';
const encoder = new Encoder(SCHEMA);

export interface DirectOptions {
  readonly publisher: Pick<Publisher, 'send' | 'close'>;
  readonly schemaIds: SchemaIdSource;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Whether the stream takes what this agent ships: not while it is away, nor once another copy has taken over. */
  open(): boolean;
  /** The step of the trace a record belongs to, by its key. Absent: nothing is traced. */
  span?(key: string): Span;
}

export class DirectWord {
  /** Sends that were given up here and are not over yet: whatever keeps them would keep the next. */
  private stuck = 0;

  constructor(private readonly options: DirectOptions) {}

  /** Of one command. False when they must go another way: they are perhaps on the stream all the same. Never rejects. */
  async tell(events: readonly CommandEvent[]): Promise<boolean> {
    const { clock, open } = this.options;
    if (this.stuck > 0 || !open()) return false;
    const over = new AbortController();
    const sent = this.send(events).then(
      () => true,
      () => false,
    );
    const told = await Promise.race([sent, clock.sleep(DIRECT_WAIT_MS, over.signal).then(() => undefined)]);
    over.abort();
    if (told !== undefined) return told;
    this.stuck++;
    void sent.then(() => this.stuck--);
    return false;
  }

  close(): Promise<void> {
    return this.options.publisher.close();
  }

  private async send(events: readonly CommandEvent[]): Promise<void> {
    const [first] = events;
    if (!first) return;
    const { publisher, schemaIds, span: spanOf } = this.options;
    const key = commandKey(first.tenant, first.command_id);
    const id = await schemaIds.idOf(TOPIC, schemas[SCHEMA]);
    const span = spanOf?.(key) ?? NO_SPAN;
    const message = (event: CommandEvent) => ({
      ...{ topic: TOPIC, key, value: encoder.encodeFramed(id, event) },
      ...traceHeaders(span.traceparent),
    });
    await during(span, () => publisher.send(events.map(message)));
  }
}
