/** Writes and reads that somebody waits for: they go before scans, in order, and never after their time. */
import { AdapterError, type AdapterErrorCode } from '../../adapter';
import { type Request, type Response } from './codec/pdu';
import { type Link, RequestError, type RequestErrorKind } from './link';

export const MAX_WAITING_ORDERS = 256;

const CODES: Readonly<Record<RequestErrorKind, AdapterErrorCode>> = {
  timeout: 'timeout',
  closed: 'closed',
  'bad-response': 'bad-response',
  checksum: 'bad-response',
};

interface Order {
  readonly deadline: number;
  send(link: Link, left_ms: number): void;
  refuse(error: AdapterError): void;
}

export class Orders {
  private waiting: Order[] = [];

  get size(): number {
    return this.waiting.length;
  }

  /** The unit's answer. Rejects with AdapterError; `not-connected` means that nothing was sent. */
  add(
    operation: string,
    point: string,
    unit: number,
    request: Request,
    now: number,
    timeout_ms: number,
  ): Promise<Response> {
    if (this.waiting.length >= MAX_WAITING_ORDERS)
      throw new AdapterError('not-connected', operation, `${point}: ${MAX_WAITING_ORDERS} orders are waiting already`);
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(
          cause instanceof RequestError
            ? new AdapterError(CODES[cause.kind], operation, `${point}: ${cause.message}`, '', { cause })
            : (cause as Error),
        );
      this.waiting.push({
        deadline: now + timeout_ms,
        send: (link, left_ms) => void link.request(unit, request, left_ms).then(resolve, fail),
        refuse: reject,
      });
    });
  }

  /** Sends the next order whose time has not run out; those whose time has are refused. */
  next(now: number): ((link: Link) => void) | undefined {
    for (let order = this.waiting.shift(); order; order = this.waiting.shift()) {
      const { deadline, send, refuse } = order;
      if (deadline > now) return (link) => send(link, deadline - now);
      refuse(new AdapterError('not-connected', 'send', 'the line was busy until the time was over; nothing was sent'));
    }
    return undefined;
  }

  refuseAll(error: AdapterError): void {
    for (const order of this.waiting.splice(0)) order.refuse(error);
  }
}
