export type InstallErrorCode = 'missing-prerequisite' | 'download-failed' | 'verification-failed' | 'busy';

/** Why a component could not be had, and what the user can do about it. */
export class InstallError extends Error {
  constructor(
    readonly code: InstallErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'InstallError';
  }
}
