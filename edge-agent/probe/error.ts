/** What was asked cannot be found out; the message says why to who asked. */
export class ProbeError extends Error {
  readonly code = 'probe';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
  }
}
