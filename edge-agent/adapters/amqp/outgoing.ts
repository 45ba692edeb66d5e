/** Sending links, one for each address that commands go to, and messages that are not settled yet. Never sent twice. */
import { PublishError } from '../../wire/broker/publish-error';
import { CONTENT_TYPES, type AmqpOutgoing } from '../../wire/amqp/dialect';
import { CODE, encodeMessage, errorText, listOf } from './codec';
import { type Send } from './incoming';
import { type Value, write } from './types';

interface Pending {
  readonly address: string;
  readonly bytes: Buffer;
  readonly timer: NodeJS.Timeout;
  /** Undefined: not sent, for want of credit. */
  delivery: number | undefined;
  resolve(): void;
  reject(error: PublishError): void;
}

interface Link {
  readonly handle: number;
  attached: boolean;
  credit: number;
  sent: number;
}

export const MAX_UNSETTLED = 256;
/** Addresses that commands go to at once. */
export const MAX_SENDERS = 1_024;
/** Frame and performative around a message. */
const OVERHEAD_BYTES = 128;

export class Outgoing {
  /** Next transfer; also the number of the next delivery. */
  next = 0;
  /** Largest frame that the broker takes, and transfers it takes now. */
  max_frame = 512;
  window = 0;
  private readonly links = new Map<string, Link>();
  private readonly pending = new Set<Pending>();

  /** `firstHandle`: those below are not ours. */
  constructor(
    private readonly container: string,
    private readonly firstHandle: number,
    private readonly send: Send,
  ) {}

  /** Resolves when the broker has accepted it. */
  publish({ to, payload }: AmqpOutgoing, timeout_ms: number): Promise<void> {
    const { address, subject } = to;
    const bytes = encodeMessage({ subject, contentType: CONTENT_TYPES[to.payload], payload });
    if (bytes.length + OVERHEAD_BYTES > this.max_frame)
      return Promise.reject(new PublishError('refused', `${bytes.length} bytes: the broker takes ${this.max_frame}`));
    if (this.pending.size >= MAX_UNSETTLED || (!this.links.has(address) && this.links.size >= MAX_SENDERS))
      return Promise.reject(new PublishError('not-connected', 'too many commands wait for an answer already'));
    return new Promise((resolve, reject) => {
      const give_up = (): void => this.fail(mine, late(mine, timeout_ms));
      const timer = setTimeout(give_up, timeout_ms);
      const mine: Pending = { address, bytes, timer, delivery: undefined, resolve, reject };
      this.pending.add(mine);
      if (!this.links.has(address)) this.attachTo(address);
      else this.sendWhatMayGo();
    });
  }

  has(address: string): boolean {
    return this.links.has(address);
  }

  attach(address: string, target: Value): void {
    const link = this.links.get(address);
    if (link && target !== undefined) link.attached = true;
  }

  /** What waits to be sent there is refused; what was sent is not known of. */
  detached(address: string, error: Value): void {
    const link = this.links.get(address);
    const why = errorText(error) ?? 'the broker ended the link';
    for (const mine of [...this.pending])
      if (mine.address === address)
        this.fail(mine, new PublishError(mine.delivery === undefined ? 'refused' : 'closed', `${address}: ${why}`));
    this.links.delete(address);
    if (link) this.send(CODE.detach, [write.uint(link.handle), write.bool(true)]);
  }

  flow(address: string, seen: Value, credit: Value): void {
    const link = this.links.get(address);
    if (!link || typeof credit !== 'number') return;
    const before = typeof seen === 'number' ? seen : 0;
    link.credit = (before + credit - link.sent) | 0;
    this.sendWhatMayGo();
  }

  /** Fields of a disposition by the other side as receiver. */
  disposed(fields: readonly Value[]): void {
    const [, first, last = first, settled, state] = fields;
    if (typeof first !== 'number' || typeof last !== 'number') return;
    for (const mine of [...this.pending]) {
      if (mine.delivery === undefined || mine.delivery < first || mine.delivery > last) continue;
      const outcome = outcomeOf(state, mine.address);
      if (outcome === 'none') continue;
      if (settled !== true) this.settleToo(mine.delivery);
      if (outcome) this.fail(mine, outcome);
      else {
        this.end(mine);
        mine.resolve();
      }
    }
  }

  closed(reason: Error): void {
    for (const mine of [...this.pending]) this.fail(mine, new PublishError('closed', reason.message));
  }

  sendWhatMayGo(): void {
    for (const mine of this.pending) {
      const link = this.links.get(mine.address);
      if (mine.delivery !== undefined || !link?.attached || link.credit <= 0 || this.window <= 0) continue;
      link.credit--;
      link.sent++;
      this.window--;
      mine.delivery = this.next;
      this.next = (this.next + 1) >>> 0;
      const tag = Buffer.alloc(4);
      tag.writeUInt32BE(mine.delivery);
      const format = write.uint(0);
      this.send(
        CODE.transfer,
        [write.uint(link.handle), write.uint(mine.delivery), write.binary(tag), format],
        mine.bytes,
      );
    }
  }

  private attachTo(address: string): void {
    let handle = this.firstHandle;
    const taken = new Set([...this.links.values()].map((l) => l.handle));
    while (taken.has(handle)) handle++;
    this.links.set(address, { handle, attached: false, credit: 0, sent: 0 });
    const from = write.described(CODE.source, write.list([]));
    const to = write.described(CODE.target, write.list([write.text(address)]));
    const head = [write.text(`${this.container}->${address}`), write.uint(handle), write.bool(false)];
    this.send(CODE.attach, [...head, undefined, undefined, from, to, undefined, undefined, write.uint(0)]);
  }

  private settleToo(delivery: number): void {
    const id = write.uint(delivery);
    this.send(CODE.disposition, [write.bool(false), id, id, write.bool(true)]);
  }

  private fail(mine: Pending, error: PublishError): void {
    this.end(mine);
    mine.reject(error);
  }

  private end(mine: Pending): void {
    clearTimeout(mine.timer);
    this.pending.delete(mine);
  }
}

const late = ({ address, delivery }: Pending, timeout_ms: number): PublishError =>
  delivery === undefined
    ? new PublishError('not-connected', `${address}: the broker took nothing for ${timeout_ms} ms`)
    : new PublishError('timeout', `no answer within ${timeout_ms} ms`);

/** Undefined: accepted; `none`: it is not decided yet. */
function outcomeOf(state: Value, address: string): PublishError | undefined | 'none' {
  if (state === undefined) return 'none';
  const { code, fields } = listOf(state);
  if (code === CODE.accepted) return undefined;
  if (code < CODE.accepted) return 'none';
  const why = errorText(fields[0]) ?? 'it is not taken there';
  return new PublishError('refused', `the broker refuses ${address}: ${why}`);
}
