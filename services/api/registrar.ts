/** Asks the registry and waits for its reply: request → m2m.device-requests, reply ← m2m.device-replies. */
import { type Producer } from 'kafkajs';
import { type DeviceReply, type DeviceRequest } from '../../schemas/generated';
import { type EventWriter } from '../../schemas/stream';
import { deviceKey } from '../../schemas/topics';
import { ApiError } from './problem';

/** Requests waiting at once; one more is refused, the client retries with the same Idempotency-Key. */
export const MAX_WAITING = 10_000;
export const REPLY_TIMEOUT_MS = 10_000;

interface Waiting {
  resolve(reply: DeviceReply): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class Registrar {
  private readonly waiting = new Map<string, Waiting[]>();
  private count = 0;

  constructor(
    readonly instance: string,
    private readonly producer: Pick<Producer, 'send'>,
    private readonly writer: EventWriter<'device-request'>,
  ) {}

  get pending(): number {
    return this.count;
  }

  /** Resolves with the registry's reply. Throws ApiError `unavailable` when none comes in time: then ask again. */
  async ask(request: Omit<DeviceRequest, 'reply_to'>): Promise<DeviceReply> {
    if (this.count >= MAX_WAITING) throw new ApiError('unavailable', `${MAX_WAITING} requests are waiting already`);
    const reply = this.expect(request.request_id);
    try {
      await this.producer.send({
        topic: this.writer.topic.name,
        acks: -1,
        messages: [
          {
            key: deviceKey(request.tenant, request.device_id),
            value: this.writer.write({ ...request, reply_to: this.instance }),
          },
        ],
      });
    } catch (cause) {
      this.settle(request.request_id, (w) => w.reject(unavailable('the broker did not take the request', cause)));
    }
    return reply;
  }

  /** To be called with every reply addressed to this instance. */
  answer(reply: DeviceReply): void {
    this.settle(reply.request_id, (w) => w.resolve(reply));
  }

  private expect(requestId: string): Promise<DeviceReply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.settle(requestId, (w) => w.reject(unavailable('the registry has not answered', undefined))),
        REPLY_TIMEOUT_MS,
      );
      this.waiting.set(requestId, [...(this.waiting.get(requestId) ?? []), { resolve, reject, timer }]);
      this.count++;
    });
  }

  private settle(requestId: string, how: (w: Waiting) => void): void {
    for (const w of this.waiting.get(requestId) ?? []) {
      clearTimeout(w.timer);
      this.count--;
      how(w);
    }
    this.waiting.delete(requestId);
  }
}

function unavailable(why: string, cause: unknown): ApiError {
  const hint = 'it may still be carried out: repeat the request with the same Idempotency-Key';
  return new ApiError('unavailable', `${why}; ${hint}`, {}, { cause });
}
