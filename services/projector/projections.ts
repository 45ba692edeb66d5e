/** Which topic goes into which landing table (deploy/clickhouse/). One mechanism for all of them. */
import { type EventName, type Topic, Topics } from '../../schemas/topics';
import { type Landings, type Shape } from '../domain/ingest/shape';

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
  /** Goes as columns rather than as Avro, sorted into series: worth it where records are many. */
  readonly columns?: Landings;
}

export const PROJECTIONS: readonly Projection[] = [
  projection(Topics.telemetry, 'in_telemetry', { frames: 'in_telemetry', series: 'in_series' }),
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

function projection(t: Topic, table: string, columns?: Landings): Projection {
  return { topic: t.name, event: t.schema, table, compacted: t.cleanup === 'compact', ...(columns && { columns }) };
}

/** Of new intents; one that is repeated says its own. */
export const shapeOf = ({ columns }: Projection): Shape => (columns ? 'series' : 'frames');
