export type ConsumeErrorCode =
  /** A transaction failed; the partition's state is thrown away and rebuilt. */
  | 'transaction-failed'
  /** The partition went to another process, or this one is stopping. */
  | 'revoked'
  /** Reading a topic to its end made no progress for too long. */
  | 'stalled'
  /** State on the stream that this code cannot read. */
  | 'unreadable'
  /** Topics that must agree on their partitions do not. */
  | 'partitions-differ';

/** Trouble on the stream that a retry may cure, except `partitions-differ`. */
export class ConsumeError extends Error {
  constructor(
    readonly code: ConsumeErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'ConsumeError';
  }
}
