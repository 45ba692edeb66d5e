/** Questions to ClickHouse whose answers are rows of JSON. */
import { type ClickHouseClient } from '@clickhouse/client';
import { ApiError } from './problem';

export type Row = Record<string, unknown>;
export type Engine = Pick<ClickHouseClient, 'query'>;

/** ClickHouse writes times as `2026-01-31T12:00:00.000Z` then, and 64-bit integers as numbers. */
const SETTINGS = {
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
} as const;

/** Throws ApiError `unavailable` when the engine does not answer. */
export async function rowsOf(engine: Engine, query: string, query_params: Row): Promise<Row[]> {
  try {
    return await (await answerOf(engine, query, query_params)).json<Row>();
  } catch (cause) {
    throw cause instanceof ApiError ? cause : noAnswer(cause);
  }
}

/** The same, to be read piece by piece. */
export async function answerOf(engine: Engine, query: string, query_params: Row) {
  try {
    return await engine.query({ query, query_params, format: 'JSONEachRow', clickhouse_settings: SETTINGS });
  } catch (cause) {
    throw noAnswer(cause);
  }
}

function noAnswer(cause: unknown): ApiError {
  return new ApiError('unavailable', `ClickHouse did not answer: ${(cause as Error).message}`, {}, { cause });
}
