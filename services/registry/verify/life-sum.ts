/** The events of a life as a count and a sum of their checksums: so every event in SQL is held against the log by one query. */
import { crc32 } from 'node:zlib';
import { type DeviceEvent } from '../../../schemas/generated';

export interface LifeSum {
  readonly events: number;
  /** Of CRC-32 over the fields of each: no event missing, doubled or other than it was goes unseen. */
  readonly sum: number;
}

/** Stands in no id, name or JSON text as it is. */
const BETWEEN = '\x1f';

/** To be read by JSON with 64-bit integers unquoted: 2 million events of one device stay exact. */
export const LIFE_SUMS_SQL = `SELECT concat(tenant, '/', device_id) AS key, count() AS events,
    sum(CRC32(concatWithSeparator('\\x1f', toString(version), toString(type), ifNull(toString(state_from), ''), toString(state_to),
        toString(toUnixTimestamp64Milli(at)), actor, ifNull(concat('+', reason), '-'), request_id, data, event_id))) AS sum
  FROM device_lifecycle GROUP BY key`;

export function withEvent({ events, sum }: LifeSum, event: DeviceEvent): LifeSum {
  const { version, type, state_from, state_to, at, actor, reason, request_id, data, event_id } = event;
  const why = reason === null ? '-' : `+${reason}`;
  const fields = [version, type, state_from ?? '', state_to, at, actor, why, request_id, data, event_id];
  return { events: events + 1, sum: sum + crc32(fields.join(BETWEEN)) };
}

export const NO_EVENTS: LifeSum = { events: 0, sum: 0 };

/** Undefined when they agree. */
export function differenceOfSums(sql: LifeSum, log: LifeSum): string | undefined {
  if (sql.events !== log.events) return `${sql.events} events in SQL, ${log.events} in the log`;
  return sql.sum === log.sum ? undefined : `its ${log.events} events say something else in SQL than in the log`;
}
