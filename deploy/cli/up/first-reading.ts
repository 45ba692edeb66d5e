/** The proof that the whole path works: a reading taken after this start, found by SQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseLogin, queryText } from '../../local/clickhouse-query';
import { LauncherError } from '../../local/supervisor/errors';

const POLL_MS = 200;
const TIMEOUT_MS = 60_000;

export interface Reading {
  readonly device_id: string;
  readonly metric: string;
  readonly value: number | null;
}

/** True when devices are known and each of them is suspended or at its end: then nothing is polled. */
const NOTHING_POLLED = `SELECT count() > 0 AND countIf(state IN ('registered', 'provisioned', 'active')) = 0 FROM devices`;

/**
 * The first reading since `from_ms` (ms since 1970); undefined when there is none to come because no device is in
 * service. Throws LauncherError `not-ready` when none comes.
 */
export async function firstReading(
  login: ClickHouseLogin,
  from_ms: number,
  signal: AbortSignal,
): Promise<Reading | undefined> {
  const sql = `SELECT device_id, metric, value FROM readings WHERE ts >= fromUnixTimestamp64Milli(${from_ms}) LIMIT 1`;
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const line = (await queryText(login, sql, 'JSONEachRow')).trim();
    if (line) return JSON.parse(line) as Reading;
    if ((await queryText(login, NOTHING_POLLED, 'TabSeparated')).trim() === '1') return undefined;
    if (Date.now() > deadline) throw noReading();
    await sleep(POLL_MS, undefined, { signal });
  }
}

function noReading(): LauncherError {
  const hint = 'look where it ends: millrace status; millrace logs plant; millrace logs agent; millrace logs projector';
  return new LauncherError('not-ready', 'wait for a reading', `none reached SQL in ${TIMEOUT_MS / 1_000} s`, hint);
}
