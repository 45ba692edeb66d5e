/**
 * Commands under way as spans, from what the ledger records of them. Only in memory: a command that an earlier run of the agent
 * received is carried out all the same, and told of no further.
 */
import { type Command } from '../../../schemas/generated';
import { commandKey } from '../../../schemas/topics';
import { during, type Span, type Tracer } from '../../../schemas/tracing/tracer';
import { isVerifiable, type LedgerEvent, type Report } from '../../core/commands/ledger';
import { type Field } from './execution';

/** Commands remembered; the oldest is told of no further. */
export const MAX_TRACED_COMMANDS = 1_000;
/** Of one command: a read-back asks again and again. */
export const MAX_FIELD_SPANS = 32;

interface Traced {
  readonly span: Span;
  fieldSpans: number;
  over: boolean;
}

export class CommandTraces {
  /** By command id. */
  private readonly commands = new Map<string, Traced>();

  constructor(
    private readonly tracer: Tracer,
    private readonly tenant: string,
  ) {}

  /** A command has come, with the trace it belongs to. One that is sent again goes on with the span it has. */
  heard({ command_id, device_id, name, qos, attempt }: Command, traceparent: string | undefined): void {
    if (this.commands.has(command_id)) return;
    const attributes = { 'millrace.command_id': command_id, 'millrace.device_id': device_id };
    const more = { 'millrace.command': name, 'millrace.qos': qos, 'millrace.attempt': attempt };
    const span = this.tracer.follow(traceparent, 'carry out command', {
      ...{ kind: 'consumer', attributes: { ...attributes, ...more } },
    });
    if (span.traceparent === undefined) return;
    if (this.commands.size >= MAX_TRACED_COMMANDS) this.forgetOldest();
    this.commands.set(command_id, { span, fieldSpans: 0, over: false });
  }

  /** Told of what the ledger has on record. */
  observe(event: LedgerEvent): void {
    if (event.type !== 'reported') return;
    const traced = this.commands.get(event.id);
    if (!traced || traced.over || !settles(event.report)) return;
    traced.over = true;
    const { state, detail } = event.report;
    const error = state === 'executed' || state === 'verified' ? undefined : `${state}: ${detail}`;
    traced.span.end({ attributes: { 'millrace.outcome': state }, error });
  }

  /** The device's connection as this command uses it: each request to the field is a step of its own. */
  field({ command_id }: Command, field: Field): Field {
    const traced = this.commands.get(command_id);
    if (!traced) return field;
    const call = field.call?.bind(field);
    return {
      write: (order) => this.step(traced, 'write to the field', order.metric, () => field.write(order)),
      read: (device, metric, timeout_ms) =>
        this.step(traced, 'read back', metric, () => field.read(device, metric, timeout_ms)),
      ...(call && { call: (order) => this.step(traced, 'call a method', order.metric, () => call(order)) }),
    };
  }

  /** The trace of a record of m2m.command-events, by its key. */
  traceparentOf(key: string): string | undefined {
    const prefix = commandKey(this.tenant, '');
    return key.startsWith(prefix) ? this.commands.get(key.slice(prefix.length))?.span.traceparent : undefined;
  }

  /** What is told of a command goes to the stream; by the key of its records. */
  telling(key: string): Span {
    return this.tracer.follow(this.traceparentOf(key), 'tell', { kind: 'producer' });
  }

  private step<T>(traced: Traced, name: string, metric: string, work: () => Promise<T>): Promise<T> {
    if (traced.fieldSpans++ >= MAX_FIELD_SPANS) return work();
    const attributes = { 'millrace.metric': metric };
    return during(this.tracer.follow(traced.span.traceparent, name, { kind: 'client', attributes }), work);
  }

  private forgetOldest(): void {
    for (const [id, { span, over }] of this.commands) {
      if (!over) span.end({ error: `more than ${MAX_TRACED_COMMANDS} commands are traced` });
      return void this.commands.delete(id);
    }
  }
}

/** Nothing more will come of the command here. */
const settles = (report: Report): boolean => report.state !== 'executed' || !isVerifiable(report);
