/** One open line: requests out, answers matched to them, every request ended once. Knows nothing of schedules. */
import { type Framing, FramingError, type Inbound } from './codec/framing';
import { decodeResponse, encodeRequest, PduError, type Request, type Response, responseBytes } from './codec/pdu';
import { type Open, type Transport } from './transport';

export type RequestErrorKind = 'timeout' | 'closed' | 'bad-response' | 'checksum';

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

export interface LinkListener {
  opened(): void;
  /** Once; all requests have ended before. */
  closed(reason: Error): void;
}

export interface LinkStats {
  requests: number;
  timeouts: number;
  /** Frames that nobody waits for: answers after their timeout. */
  late: number;
  /** Damaged frames, and answers that do not fit their request. */
  bad_frames: number;
  /** Of these, damaged on the line: a wrong CRC, or a frame that broke off. */
  crc_errors: number;
  bytes_in: number;
  bytes_out: number;
}

interface Pending {
  readonly transaction: number;
  readonly unit: number;
  readonly request: Request;
  readonly timer: NodeJS.Timeout;
  resolve(response: Response): void;
  reject(error: RequestError): void;
}

const TRANSACTIONS = 0x10000;
/** Unit and CRC around the PDU of an answer; told only for lines without transaction numbers. */
const RTU_OVERHEAD_BYTES = 3;

export class Link {
  private readonly pending = new Map<number, Pending>();
  private readonly transport: Transport;
  private transaction = 0;
  private isOpen = false;
  private ended = false;

  constructor(
    open: Open,
    private readonly framing: Framing,
    private readonly stats: LinkStats,
    private readonly listener: LinkListener,
  ) {
    this.transport = open({
      open: () => {
        this.isOpen = true;
        this.listener.opened();
      },
      data: (chunk) => this.fed(() => this.data(chunk)),
      silence: () => this.fed(() => this.framing.silence()),
      closed: (reason) => this.end(reason),
    });
  }

  get open(): boolean {
    return this.isOpen && !this.ended;
  }

  get inFlight(): number {
    return this.pending.size;
  }

  /**
   * The unit's answer, an exception included. Rejects with RequestError. The data is valid until the next turn of events.
   * The time both frames take on a slow line comes on top of the timeout.
   */
  request(unit: number, request: Request, timeout_ms: number): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(new RequestError('closed', 'the line is not open'));
      const transaction = this.nextTransaction();
      if (!this.framing.numbered) this.framing.reset();
      const bytes = this.framing.encode(transaction, unit, encodeRequest(request));
      const wire_ms = this.transport.wire_ms?.(bytes.length + RTU_OVERHEAD_BYTES + responseBytes(request)) ?? 0;
      const within_ms = timeout_ms + Math.ceil(wire_ms);
      const timer = setTimeout(() => this.timedOut(transaction, within_ms), within_ms);
      this.pending.set(transaction, { transaction, unit, request, timer, resolve, reject });
      this.stats.requests++;
      this.stats.bytes_out += bytes.length;
      this.transport.write(bytes, within_ms);
    });
  }

  close(reason: Error): void {
    this.transport.destroy(reason);
    this.end(reason);
  }

  private nextTransaction(): number {
    do this.transaction = (this.transaction + 1) % TRANSACTIONS;
    while (this.pending.has(this.transaction));
    return this.transaction;
  }

  private data(chunk: Buffer): void {
    this.stats.bytes_in += chunk.length;
    for (const frame of this.framing.feed(chunk)) this.frame(frame);
  }

  /** Ends all requests when what came cannot be followed. */
  private fed(take: () => void): void {
    if (this.ended) return;
    try {
      take();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.stats.bad_frames++;
      if (error.code === 'checksum') this.stats.crc_errors++;
      const kind = error.code === 'checksum' ? 'checksum' : 'bad-response';
      for (const p of [...this.pending.values()]) this.fail(p, new RequestError(kind, error.message, { cause: error }));
      if (error.code === 'not-modbus') this.close(error);
    }
  }

  private frame({ transaction, unit, pdu }: Inbound): void {
    const [only] = this.pending.values();
    const pending = transaction === undefined ? only : this.pending.get(transaction);
    // Without transaction numbers, an answer of another unit is one that came too late.
    if (!pending || (transaction === undefined && pending.unit !== unit)) {
      this.stats.late++;
      return;
    }
    try {
      if (pending.unit !== unit) throw new PduError(`unit ${unit} instead of ${pending.unit}`);
      const response = decodeResponse(pending.request, pdu);
      this.settle(pending);
      pending.resolve(response);
    } catch (cause) {
      if (!(cause instanceof PduError)) throw cause;
      this.stats.bad_frames++;
      this.fail(pending, new RequestError('bad-response', cause.message, { cause }));
    }
  }

  private timedOut(transaction: number, timeout_ms: number): void {
    const pending = this.pending.get(transaction);
    if (!pending) return;
    this.stats.timeouts++;
    this.fail(pending, new RequestError('timeout', `no answer within ${timeout_ms} ms`));
  }

  private fail(pending: Pending, error: RequestError): void {
    this.settle(pending);
    pending.reject(error);
  }

  private settle(pending: Pending): void {
    clearTimeout(pending.timer);
    this.pending.delete(pending.transaction);
  }

  private end(reason: Error): void {
    if (this.ended) return;
    this.ended = true;
    const error = new RequestError('closed', reason.message, { cause: reason });
    for (const p of [...this.pending.values()]) this.fail(p, error);
    this.framing.reset();
    this.listener.closed(reason);
  }
}
