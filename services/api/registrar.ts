/** Asks the registry and waits for its reply: request → m2m.device-requests, reply ← m2m.device-replies. */
import { type Producer } from 'kafkajs';
import { type DefinitionRequest, type DeviceReply, type DeviceRequest } from '../../schemas/generated';
import { type EventWriter } from '../../schemas/stream';
import { definitionKey, deviceKey } from '../../schemas/topics';
import { ApiError } from './problem';

/** Requests waiting at once; one more is refused, the client retries with the same Idempotency-Key. */
export const MAX_WAITING = 10_000;
export const REPLY_TIMEOUT_MS = 10_000;

type Request = Omit<DeviceRequest, 'reply_to'>;
type NewDefinition = Omit<DefinitionRequest, 'reply_to'>;

interface Written {
  readonly request_id: string;
  readonly key: string;
  readonly value: Buffer;
}

interface Waiting {
  resolve(reply: DeviceReply): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export interface RequestWriters {
  readonly device: EventWriter<'device-request'>;
  readonly definition: EventWriter<'definition-request'>;
}

export class Registrar {
  private readonly waiting = new Map<string, Waiting[]>();
  private count = 0;

  constructor(
    readonly instance: string,
    private readonly producer: Pick<Producer, 'send'>,
    private readonly writers: RequestWriters,
  ) {}

  get pending(): number {
    return this.count;
  }

  /** Resolves with the registry's reply. Throws ApiError `unavailable` when none comes in time: then ask again. */
  async ask(request: Request): Promise<DeviceReply> {
    return only(await this.askAll([request]));
  }

  /** Many requests, written together: for each its reply, or the ApiError `unavailable` that says why there is none. */
  askAll(requests: readonly Request[], timeout_ms = REPLY_TIMEOUT_MS): Promise<(DeviceReply | Error)[]> {
    const write = (r: Request): Written => ({
      request_id: r.request_id,
      key: deviceKey(r.tenant, r.device_id),
      value: this.writers.device.write({ ...r, reply_to: this.instance }),
    });
    return this.exchange(this.writers.device.topic.name, requests.map(write), timeout_ms);
  }

  /** As `ask`, for a model or a group. */
  async define(r: NewDefinition): Promise<DeviceReply> {
    const { definition } = this.writers;
    const value = definition.write({ ...r, reply_to: this.instance });
    const key = definitionKey(r.tenant, r.kind, r.name);
    return only(await this.exchange(definition.topic.name, [{ request_id: r.request_id, key, value }]));
  }

  /** To be called with every reply addressed to this instance. */
  answer(reply: DeviceReply): void {
    this.settle(reply.request_id, (w) => w.resolve(reply));
  }

  private async exchange(
    topic: string,
    requests: readonly Written[],
    timeout_ms = REPLY_TIMEOUT_MS,
  ): Promise<(DeviceReply | Error)[]> {
    if (requests.length === 0) return [];
    if (this.count + requests.length > MAX_WAITING)
      return requests.map(() => new ApiError('unavailable', `${MAX_WAITING} requests are waiting already`));
    const replies = requests.map((r) =>
      this.expect(r.request_id, timeout_ms).catch((error: unknown) => error as Error),
    );
    try {
      const messages = requests.map(({ key, value }) => ({ key, value }));
      await this.producer.send({ topic, acks: -1, messages });
    } catch (cause) {
      const error = unavailable('the broker did not take the request', cause);
      for (const { request_id } of requests) this.settle(request_id, (w) => w.reject(error));
    }
    return Promise.all(replies);
  }

  private expect(requestId: string, timeout_ms: number): Promise<DeviceReply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.settle(requestId, (w) => w.reject(unavailable('the registry has not answered', undefined))),
        timeout_ms,
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

function only(replies: readonly (DeviceReply | Error)[]): DeviceReply {
  const [reply] = replies;
  if (reply === undefined || reply instanceof Error) throw reply ?? new Error('one request has one reply');
  return reply;
}

function unavailable(why: string, cause: unknown): ApiError {
  const hint = 'it may still be carried out: repeat the request with the same Idempotency-Key';
  return new ApiError('unavailable', `${why}; ${hint}`, {}, { cause });
}
