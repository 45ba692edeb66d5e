/**
 * The way from the outbox to the stream as spans: of every record that belongs to a traced command, and of a sample of the frames
 * of readings. A frame's trace is named by its device and number, so the outbox keeps nothing of it, a frame that is shipped
 * again after a crash has the same trace, and whoever has a row in SQL can work it out.
 */
import { isSampled, traceIdOf, TRACE_HEADER } from '../../../schemas/tracing/context';
import { type Span, type Tracer } from '../../../schemas/tracing/tracer';
import { Topics } from '../../../schemas/topics';
import { type Lane, type StoredRecord } from '../outbox-api';
import { type Read } from './framer';

/** Records of one transaction that are told of; of more, the rest is not. */
export const MAX_TRACED_RECORDS = 1_000;

export interface ShipTracesOptions {
  readonly tracer: Tracer;
  readonly agentId: string;
  readonly framesPerMillion: number;
  /** Of the commands this agent carries out. */
  readonly commands: { traceparentOf(key: string): string | undefined };
}

/** `key` as the record has it: tenant/device_id. */
export const frameTraceId = (agentId: string, key: string, seq: number): string =>
  traceIdOf(`${agentId} ${key} ${seq}`);

export class ShipTraces {
  private readonly open = new Map<string, { readonly lane: Lane; readonly index: number; readonly span: Span }>();

  constructor(private readonly options: ShipTracesOptions) {}

  /** Headers the record goes out with; the same when it is tried again. */
  headersOf(record: StoredRecord): Record<string, string> | undefined {
    const { lane, index } = record;
    const id = `${lane}/${index}`;
    const known = this.open.get(id);
    const span = known?.span ?? (this.open.size < MAX_TRACED_RECORDS ? this.spanOf(record) : undefined);
    if (span?.traceparent === undefined) return undefined;
    if (!known) this.open.set(id, { lane, index, span });
    return { [TRACE_HEADER]: span.traceparent };
  }

  /** The records are on the stream. */
  shipped(reads: readonly Read[]): void {
    for (const [id, { lane, index, span }] of this.open) {
      const read = reads.find((r) => r.lane === lane && index >= r.from && index < r.batch.next);
      if (!read) continue;
      span.end();
      this.open.delete(id);
    }
  }

  private spanOf({ topic, key, seq, at, readings }: StoredRecord): Span | undefined {
    const { tracer, agentId, framesPerMillion, commands } = this.options;
    if (topic === Topics.commandEvents.name)
      return tracer.follow(commands.traceparentOf(key), 'ship', { kind: 'producer', at });
    if (topic !== Topics.telemetry.name || framesPerMillion === 0) return undefined;
    const traceId = frameTraceId(agentId, key, seq);
    if (!isSampled(traceId, framesPerMillion)) return undefined;
    const attributes = { 'millrace.device': key, 'millrace.seq': seq, 'millrace.readings': readings };
    return tracer.begin(traceId, 'ship readings', { kind: 'producer', at, attributes });
  }
}
