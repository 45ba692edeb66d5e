/** Which topic goes into which landing table (deploy/clickhouse/). One mechanism for all of them. */
import { type EventName, type Topic, Topics } from '../../schemas/topics';

export interface Projection {
  readonly topic: string;
  readonly event: EventName;
  /** ENGINE = Null: materialized views carry the rows on. */
  readonly table: string;
  /**
   * The log forgets superseded records, so a range read again may hold less than before. Its tables keep the newest
   * version per key, so inserting what is left again changes nothing.
   */
  readonly compacted: boolean;
  /** Goes as columns rather than as Avro: worth it where records are many. The table has the record's own types. */
  readonly columns: boolean;
}

export const PROJECTIONS: readonly Projection[] = [
  projection(Topics.telemetry, 'in_telemetry'),
  projection(Topics.lifecycle, 'in_lifecycle'),
  projection(Topics.devices, 'in_devices'),
  projection(Topics.commandEvents, 'in_command_events'),
  projection(Topics.sessions, 'in_sessions'),
  projection(Topics.presence, 'in_presence'),
  projection(Topics.alarms, 'in_alarms'),
  projection(Topics.campaigns, 'in_campaigns'),
  projection(Topics.points, 'in_points'),
  projection(Topics.outboxGaps, 'in_outbox_gaps'),
  projection(Topics.deadLetters, 'in_dead_letters'),
  projection(Topics.audit, 'in_audit'),
];

function projection(t: Topic, table: string): Projection {
  const columns = t === Topics.telemetry;
  return { topic: t.name, event: t.schema, table, compacted: t.cleanup === 'compact', columns };
}
