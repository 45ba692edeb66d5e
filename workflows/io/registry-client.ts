/** Asks the registry for a move of a device and waits for its reply. Asking again with the same id is harmless. */
import { type DeviceReply, type DeviceRequest } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { deviceKey, Topics } from '../../schemas/topics';
import { type Publisher } from '../../schemas/publisher';

export const MAX_WAITING_REQUESTS = 1_000;
export const REPLY_TIMEOUT_MS = 10_000;

export type RegistryErrorCode = 'no-reply' | 'overloaded';

export class RegistryError extends Error {
  readonly operation = 'ask the registry';
  constructor(
    readonly code: RegistryErrorCode,
    message: string,
    readonly hint: string,
  ) {
    super(`ask the registry: ${message}`);
    this.name = 'RegistryError';
  }
}

interface Waiting {
  readonly resolve: (reply: DeviceReply) => void;
  readonly timer: NodeJS.Timeout;
}

export class RegistryClient {
  private readonly waiting = new Map<string, Waiting[]>();
  private count = 0;
  private readonly writer: EventWriter<'device-request'>;

  /** `instance` is this process's own: replies carry it as their key. */
  constructor(
    readonly instance: string,
    private readonly publisher: Pick<Publisher, 'send'>,
    ids: SchemaIds,
  ) {
    this.writer = new EventWriter(Topics.deviceRequests, ids);
  }

  /** Throws RegistryError when no reply comes in time, PublishError when the request could not be written. */
  async ask(request: Omit<DeviceRequest, 'reply_to'>): Promise<DeviceReply> {
    if (this.count >= MAX_WAITING_REQUESTS)
      throw new RegistryError('overloaded', `${this.count} requests are waiting`, 'is the registry slow or away?');
    const reply = this.expect(request.request_id);
    // The publishing error is the one to report; the reply's time-out must not go unhandled then.
    reply.catch(() => undefined);
    await this.publisher.send([
      {
        topic: Topics.deviceRequests.name,
        key: deviceKey(request.tenant, request.device_id),
        value: this.writer.write({ ...request, reply_to: this.instance }),
      },
    ]);
    return reply;
  }

  /** To be called with every reply addressed to this instance; one nobody waits for is a repeat. */
  answer(reply: DeviceReply): void {
    for (const w of this.take(reply.request_id)) w.resolve(reply);
  }

  private expect(id: string): Promise<DeviceReply> {
    return new Promise((resolve, reject) => {
      const hint = 'is the registry running? Its reply may be too late: the request is repeated with the same id';
      const timer = setTimeout(() => {
        this.take(id);
        reject(new RegistryError('no-reply', `no reply to ${id} in ${REPLY_TIMEOUT_MS} ms`, hint));
      }, REPLY_TIMEOUT_MS);
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), { resolve, timer }]);
      this.count++;
    });
  }

  private take(id: string): readonly Waiting[] {
    const taken = this.waiting.get(id) ?? [];
    this.waiting.delete(id);
    this.count -= taken.length;
    for (const { timer } of taken) clearTimeout(timer);
    return taken;
  }
}
