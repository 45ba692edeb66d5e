/** Compares SQL and the stream with the outbox's own counters. */
import { type Kafka } from 'kafkajs';
import { type OutboxContents } from '../../../edge-agent/verbs/outbox';
import { PRIORITY_COUNTER } from '../../../edge-agent/io/outbox-api';
import { Topics } from '../../../schemas/topics';
import { type Bed } from '../../services/projector/support/bed';
import { readTopic } from '../io/shipper/stream';

export interface Verdict {
  readonly devices: number;
  readonly frames: number;
  readonly readings: number;
  /** Records of the priority lane, in the outbox and on the stream. */
  readonly priority: { readonly accepted: number; readonly on_stream: number };
  /** Windows of aggregates that differ from the raw readings, by table. */
  readonly differing: Readonly<Record<string, number>>;
  readonly gaps: number;
  readonly dead_letters: number;
  /** In words; empty when every number of every device is there exactly once. */
  readonly faults: readonly string[];
}

interface DeviceRow {
  readonly device_id: string;
  readonly rows: number;
  readonly seqs: number;
  readonly first: number;
  readonly last: number;
  readonly doubled: number;
}

const PRIORITY_TOPICS = [Topics.commandEvents, Topics.alarms, Topics.sessions, Topics.points, Topics.outboxGaps];
const AGGREGATES = { readings_1m: 'toStartOfMinute', readings_1h: 'toStartOfHour', readings_1d: 'toStartOfDay' };
const SHOWN_FAULTS = 20;

export const accepted = (contents: OutboxContents): number =>
  Object.values(contents.counters).reduce((n, c) => n + c.readings, 0);

export async function judge(bed: Bed, kafka: Kafka, contents: OutboxContents): Promise<Verdict> {
  const rows = await bed.rows<DeviceRow>(
    `SELECT device_id, toUInt32(count()) AS rows, toUInt32(uniqExact(seq)) AS seqs, toUInt32(min(seq)) AS first,
      toUInt32(max(seq)) AS last, toUInt32(count() - uniqExact(seq, metric, ts)) AS doubled
      FROM millrace.readings_raw GROUP BY device_id`,
  );
  const counters = Object.entries(contents.counters).filter(([name]) => name !== PRIORITY_COUNTER);
  const priority = { accepted: contents.lanes['priority']?.next ?? 0, on_stream: 0 };
  for (const topic of PRIORITY_TOPICS) priority.on_stream += (await readTopic(kafka, topic.name)).length;
  const differing: Record<string, number> = {};
  for (const [table, start] of Object.entries(AGGREGATES))
    differing[table] = Number(await bed.one(comparison(table, start)));
  const gaps = Number(await bed.one('SELECT count() FROM millrace.outbox_gaps'));
  const dead_letters = Number(await bed.one('SELECT count() FROM millrace.dead_letters'));
  const faults = [
    ...counters.flatMap(([name, counter]) =>
      faultsOf(
        name,
        counter,
        rows.find((r) => r.device_id === name),
      ),
    ),
    ...rows.filter((r) => !(r.device_id in contents.counters)).map((r) => `${r.device_id} is in SQL only`),
    ...Object.entries(differing).flatMap(([table, n]) => (n > 0 ? [`${table} differs in ${n} windows`] : [])),
    ...(priority.accepted === priority.on_stream ? [] : [`priority: ${JSON.stringify(priority)}`]),
    ...(gaps === 0 ? [] : [`${gaps} gaps are on record`]),
    ...(dead_letters === 0 ? [] : [`${dead_letters} dead letters`]),
  ].slice(0, SHOWN_FAULTS);
  const frames = counters.reduce((n, [, c]) => n + c.seq, 0);
  const figures = { devices: counters.length, frames, readings: accepted(contents) };
  return { ...figures, priority, differing, gaps, dead_letters, faults };
}

/** What is wrong with one device, in words. */
export function faultsOf(
  name: string,
  counter: { seq: number; readings: number },
  row: DeviceRow | undefined,
): string[] {
  if (!row) return [`${name}: nothing in SQL, ${counter.seq} frames in the outbox`];
  const faults: string[] = [];
  if (row.first !== 1) faults.push(`first number ${row.first}`);
  if (row.last !== counter.seq) faults.push(`last number ${row.last}, the outbox says ${counter.seq}`);
  if (row.seqs !== row.last) faults.push(`${row.last - row.seqs} numbers missing`);
  if (row.doubled !== 0) faults.push(`${row.doubled} readings doubled`);
  if (row.rows !== counter.readings) faults.push(`${row.rows} readings, the outbox says ${counter.readings}`);
  return faults.map((f) => `${name}: ${f}`);
}

function comparison(table: string, start: string): string {
  return `SELECT count() FROM
    (SELECT device_id, metric, toUnixTimestamp(${start}(ts)) AS w, countIf(quality < 64) AS n, sumIf(value, quality < 64) AS s,
      countIf(quality >= 64) AS bad FROM millrace.readings_raw WHERE kind != 'text' GROUP BY ALL) AS r
    FULL OUTER JOIN
    (SELECT device_id, metric, toUnixTimestamp(window_start) AS w, count AS n, ifNull(sum, 0) AS s, bad_count AS bad
      FROM millrace.${table}) AS a
    ON r.device_id = a.device_id AND r.metric = a.metric AND r.w = a.w
    WHERE r.n != a.n OR r.bad != a.bad OR r.s != a.s`;
}
