/** Commands that are done when the device says so on their answer topic. One at a time for each point. */
import { AdapterError } from '../../adapter';
import { decodePayload, PayloadError } from '../../wire/payload';

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: AdapterError): void;
}

const MAX_REASON_CHARS = 500;

export class Answers {
  /** By device/metric: bounded by the points of the profile. */
  private readonly waiting = new Map<string, Waiting>();

  wait(point: string, timeout_ms: number): Promise<void> {
    if (this.waiting.has(point))
      return Promise.reject(new AdapterError('not-connected', 'write', `${point}: the command before is not answered`));
    const answered = new Promise<void>((resolve, reject) => {
      const give_up = (): void =>
        this.end(point)?.reject(new AdapterError('timeout', 'write', `${point}: no answer within ${timeout_ms} ms`));
      this.waiting.set(point, { timer: setTimeout(give_up, timeout_ms), resolve, reject });
    });
    // Whoever sent the command may fail first and look away.
    answered.catch(() => undefined);
    return answered;
  }

  /** answer = { "ok": bool, "reason"?: text } */
  came(point: string, payload: Buffer): void {
    const waiting = this.end(point);
    if (!waiting) return;
    const refusal = refusalOf(payload);
    if (refusal === undefined) waiting.resolve();
    else waiting.reject(new AdapterError(refusal.code, 'write', `${point}: ${refusal.reason}`));
  }

  lost(device: string, reason: string): void {
    for (const point of [...this.waiting.keys()])
      if (point.startsWith(`${device}/`))
        this.end(point)?.reject(new AdapterError('closed', 'write', `${point}: ${reason}`));
  }

  private end(point: string): Waiting | undefined {
    const waiting = this.waiting.get(point);
    clearTimeout(waiting?.timer);
    this.waiting.delete(point);
    return waiting;
  }
}

/** Undefined when the device has done it. */
function refusalOf(payload: Buffer): { code: 'device-exception' | 'bad-response'; reason: string } | undefined {
  try {
    const { ok, reason } = (decodePayload('json', payload) ?? {}) as Record<string, unknown>;
    if (ok === true) return undefined;
    const said = typeof reason === 'string' ? reason.slice(0, MAX_REASON_CHARS) : 'the device refuses the command';
    return ok === false ? { code: 'device-exception', reason: said } : { code: 'bad-response', reason: 'no ok in it' };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return { code: 'bad-response', reason: error.message };
  }
}
