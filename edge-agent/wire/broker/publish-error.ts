/** Why a message that was to be sent over a broker did not arrive, as far as is known. */
import { AdapterError, type AdapterErrorCode } from '../../adapter';

export type PublishErrorKind = 'not-connected' | 'timeout' | 'closed' | 'refused';

export class PublishError extends Error {
  constructor(
    readonly kind: PublishErrorKind,
    message: string,
  ) {
    super(message);
    this.name = 'PublishError';
  }
}

const CODES: Readonly<Record<PublishErrorKind, AdapterErrorCode>> = {
  'not-connected': 'not-connected',
  timeout: 'timeout',
  closed: 'closed',
  refused: 'device-exception',
};

/** What a write that was published comes to when the message does not arrive. */
export function notWritten(cause: unknown, point: string): never {
  if (!(cause instanceof PublishError)) throw cause;
  throw new AdapterError(CODES[cause.kind], 'write', `${point}: ${cause.message}`, '', { cause });
}
