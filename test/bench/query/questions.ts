/** The same question put to the views and to a plain table. */
import { cpuSecondsOf } from '../../services/service-process';
import { DAY_S, FAVOURITE, SITE_DEVICES, START_S } from './data';
import { type Sql } from './sql';

type Way = 'millrace' | 'plain table';

export interface Question {
  readonly name: string;
  readonly sql: Record<Way, string>;
}

export interface Times {
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** CPU time of the engine for one of them. */
  readonly cpu_ms: number;
}

export interface Answer {
  readonly name: string;
  readonly rows: number;
  readonly runs: number;
  readonly ways: Record<string, Times>;
}

const at = (s: number): string => `toDateTime(${s}, 'UTC')`;
const WINDOW =
  'count() AS count, avg(value) AS mean, min(value) AS min, max(value) AS max, quantileExactInclusive(0.5)(value) AS median';
const favouriteDay = (column: string): string =>
  `tenant = 'acme' AND device_id = '${FAVOURITE}' AND metric = 'temperature' AND ${column} >= ${at(START_S + DAY_S)} AND ${column} < ${at(START_S + 2 * DAY_S)}`;
const month = (column: string): string =>
  `tenant = 'acme' AND metric = 'temperature' AND ${column} >= ${at(START_S)} AND ${column} < ${at(START_S + 31 * DAY_S)}`;
const SITE = Array.from({ length: SITE_DEVICES }, (_, i) => `'north-${i}'`).join(', ');
const USED = 'quality < 64 AND isFinite(value)';

export const QUESTIONS: readonly Question[] = [
  {
    name: 'a device’s day by the minute: count, mean, min, max, median',
    sql: {
      millrace: `SELECT window_start, count, mean, min, max, median FROM millrace.readings_1m WHERE ${favouriteDay('window_start')} ORDER BY window_start`,
      'plain table': `SELECT toStartOfMinute(ts) AS w, ${WINDOW} FROM millrace.plain WHERE ${favouriteDay('ts')} AND ${USED} GROUP BY w ORDER BY w`,
    },
  },
  {
    name: 'a device’s day by the minute: time-weighted mean',
    sql: {
      millrace: `SELECT window_start, time_weighted_mean FROM millrace.readings_1m WHERE ${favouriteDay('window_start')} ORDER BY window_start`,
      'plain table': `SELECT w, sum(value * held) / sum(held) FROM (SELECT toStartOfMinute(ts) AS w, value, dateDiff('millisecond', ts, least(leadInFrame(ts, 1, toDateTime64(w + 60, 3)) OVER (ORDER BY ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), toDateTime64(w + 60, 3))) AS held FROM millrace.plain WHERE ${favouriteDay('ts')} AND ${USED}) GROUP BY w ORDER BY w`,
    },
  },
  {
    name: 'a site’s month by the hour: count, mean, min, max of each device',
    sql: {
      millrace: `SELECT device_id, window_start, count, mean, min, max FROM millrace.readings_1h WHERE ${month('window_start')} AND device_id IN (SELECT device_id FROM millrace.devices WHERE tenant = 'acme' AND site = 'acme/north') ORDER BY device_id, window_start`,
      'plain table': `SELECT device_id, toStartOfHour(ts) AS w, count(), avg(value), min(value), max(value) FROM millrace.plain WHERE ${month('ts')} AND device_id IN (${SITE}) AND ${USED} GROUP BY device_id, w ORDER BY device_id, w`,
    },
  },
  {
    name: 'latest values of the whole fleet',
    sql: {
      millrace: "SELECT device_id, metric, ts, value, quality FROM millrace.latest_values WHERE tenant = 'acme'",
      'plain table':
        "SELECT device_id, metric, max(ts), argMax(value, ts), argMax(quality, ts) FROM millrace.plain WHERE tenant = 'acme' GROUP BY device_id, metric",
    },
  },
];

const WARM_UP = 3;

export async function ask(sql: Sql, question: Question, runs: number, pid: number): Promise<Answer> {
  const ways: Answer['ways'] = {};
  let rows = 0;
  for (const [way, text] of Object.entries(question.sql)) {
    for (let i = 0; i < WARM_UP; i++) rows = count(await sql(`${text} FORMAT TSV`));
    const times_ms: number[] = [];
    const cpu_s = cpuSecondsOf(pid);
    for (let i = 0; i < runs; i++) {
      const begun = performance.now();
      await sql(`${text} FORMAT Native`);
      times_ms.push(performance.now() - begun);
    }
    times_ms.sort((a, b) => a - b);
    const quantile = (q: number): number => Math.round(times_ms[Math.min(runs - 1, Math.floor(q * runs))]! * 10) / 10;
    const cpu_ms = Math.round((1000 * (cpuSecondsOf(pid) - cpu_s)) / runs);
    ways[way] = { p50_ms: quantile(0.5), p99_ms: quantile(0.99), cpu_ms };
  }
  return { name: question.name, rows, runs, ways };
}

const count = (tsv: string): number => tsv.split('\n').length - 1;
