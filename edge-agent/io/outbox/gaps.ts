/** Turns numbers that were given up into OutboxGap events of the priority lane: what was lost is on record. */
import { Encoder } from '../../../schemas/codec';
import { deviceKey, Topics } from '../../../schemas/topics';
import { type OutboxRecord, PRIORITY_COUNTER } from '../outbox-api';
import { type MissingRange } from './survey';

export const GAP_REASONS = ['disk-bound', 'disk-full', 'corrupt-segment'] as const;
export type GapReason = (typeof GAP_REASONS)[number];

export interface GapOwner {
  readonly tenant: string;
  readonly agentId: string;
}

const encoder = new Encoder('outbox-gap');

/** One record per range. For the priority lane's own counter the event's device_id is that counter's name. */
export function gapRecords(
  owner: GapOwner,
  missing: readonly MissingRange[],
  reason: GapReason,
  at: number,
): OutboxRecord[] {
  return missing.map(({ counter, fromSeq, toSeq, readings }) => ({
    lane: 'priority',
    topic: Topics.outboxGaps.name,
    schema: Topics.outboxGaps.schema,
    key: deviceKey(owner.tenant, counter),
    counter: PRIORITY_COUNTER,
    readings: 0,
    encode: (seq) =>
      encoder.encode({
        tenant: owner.tenant,
        device_id: counter,
        agent_id: owner.agentId,
        from_seq: fromSeq,
        to_seq: toSeq,
        readings,
        reason,
        at,
        seq,
      }),
  }));
}
