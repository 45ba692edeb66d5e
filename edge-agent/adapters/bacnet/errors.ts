/** How requests end, and how devices are named. */

/** refused: the device answered, with an error. */
export type RequestErrorKind = 'timeout' | 'closed' | 'refused' | 'bad-response';

export class RequestError extends Error {
  constructor(
    readonly kind: RequestErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RequestError';
  }
}

/** The library leaves the standard port out. */
export const addressOf = (sender: string): string => (sender.includes(':') ? sender : `${sender}:47808`);
