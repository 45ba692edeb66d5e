/** Messages sent and not yet acknowledged by the other side. Never sent twice: that is for the caller to decide. */
import { type IPublishPacket, type Packet } from 'mqtt-packet';
import { PublishError } from '../broker/publish-error';

export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

interface Pending {
  readonly topic: string;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: PublishError): void;
}

const IDS = 0xffff;
export const MAX_UNANSWERED = 256;
/** MQTT 5: from here on a reason code is a refusal. */
const FIRST_REFUSAL = 0x80;
const NO_SUBSCRIBERS = 0x10;

export class Outbound {
  private readonly pending = new Map<number, Pending>();
  private last = 0;

  constructor(private readonly send: (packet: Packet) => void) {}

  get unanswered(): number {
    return this.pending.size;
  }

  /** Resolves when the other side has it; with QoS 0 when it is sent. */
  publish({ topic, payload, qos, retain }: Outgoing, timeout_ms: number): Promise<void> {
    const packet: IPublishPacket = { cmd: 'publish', topic, payload, qos, retain, dup: false };
    if (qos === 0) {
      this.send(packet);
      return Promise.resolve();
    }
    if (this.pending.size >= MAX_UNANSWERED)
      return Promise.reject(new PublishError('not-connected', `${MAX_UNANSWERED} messages wait for an answer already`));
    return new Promise((resolve, reject) => {
      const messageId = this.nextId();
      const give_up = (): void =>
        this.fail(messageId, new PublishError('timeout', `no answer within ${timeout_ms} ms`));
      this.pending.set(messageId, { topic, timer: setTimeout(give_up, timeout_ms), resolve, reject });
      this.send({ ...packet, messageId });
    });
  }

  answered(id: number, reason: number): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    if (reason === NO_SUBSCRIBERS)
      return this.fail(id, new PublishError('refused', `nobody has subscribed to ${pending.topic}`));
    if (reason >= FIRST_REFUSAL)
      return this.fail(id, new PublishError('refused', `the broker refuses ${pending.topic}: reason ${reason}`));
    this.end(id, pending);
    pending.resolve();
  }

  closed(reason: Error): void {
    for (const id of [...this.pending.keys()]) this.fail(id, new PublishError('closed', reason.message));
  }

  private fail(id: number, error: PublishError): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.end(id, pending);
    pending.reject(error);
  }

  private end(id: number, pending: Pending): void {
    clearTimeout(pending.timer);
    this.pending.delete(id);
  }

  private nextId(): number {
    do this.last = (this.last % IDS) + 1;
    while (this.pending.has(this.last));
    return this.last;
  }
}
