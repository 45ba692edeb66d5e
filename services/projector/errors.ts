import { classifyInsertFailure, describeInsertFailure, type InsertFailure } from '../domain/ingest/insert-error';

export type ProjectorErrorCode =
  'fenced' | 'done' | 'stopped' | 'log-unavailable' | 'range-lost' | 'corrupt-log' | 'registry-unavailable';

export class ProjectorError extends Error {
  constructor(
    readonly code: ProjectorErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'ProjectorError';
  }
}

/** A statement that ClickHouse did not carry out, or of which no answer came. */
export class SinkError extends Error {
  readonly code: InsertFailure;
  readonly hint = 'look at ClickHouse’s log; the projector tries again until it works';

  /** @param engineCode undefined when no answer came */
  constructor(
    readonly operation: string,
    readonly engineCode: number | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${describeInsertFailure(engineCode, message)}`, options);
    this.name = 'SinkError';
    this.code = classifyInsertFailure(engineCode);
  }
}

export const isFenced = (e: unknown): boolean =>
  e instanceof ProjectorError && (e.code === 'fenced' || e.code === 'stopped');
