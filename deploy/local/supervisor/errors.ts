export type LauncherErrorCode =
  | 'port-taken'
  | 'launcher-running'
  | 'not-running'
  | 'not-ready'
  | 'exited'
  | 'prerequisite'
  | 'external-unreachable'
  | 'configuration'
  | 'stopped';

/** What went wrong while starting, watching or stopping processes; `hint` says what to do about it. */
export class LauncherError extends Error {
  constructor(
    readonly code: LauncherErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'LauncherError';
  }
}
