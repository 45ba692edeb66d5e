/** Receiving links: credit, messages put together from transfers, and what is settled. Pure: fields in, frames out. */
import { type AmqpSource } from '../../wire/amqp/settings';
import { CODE, errorText } from './codec';
import { AmqpError, type Value, write } from './types';

export type Send = (code: number, fields: readonly (Buffer | undefined)[], payload?: Buffer) => void;

export interface Delivery {
  readonly source: number;
  readonly id: number;
  /** Settled by the broker already: nothing is to be said of it. */
  readonly settled: boolean;
  /** Undefined: longer than allowed, thrown away. */
  readonly bytes: Buffer | undefined;
}

interface Link {
  readonly source: AmqpSource;
  /** Of the other side; undefined: not attached yet. */
  handle: number | undefined;
  /** Deliveries begun, modulo 2^32. */
  delivered: number;
  /** Given and not used. */
  credit: number;
  /** Taken and not settled. */
  unsettled: number;
  partial: { readonly id: number; readonly settled: boolean; readonly parts: Buffer[]; bytes: number } | undefined;
}

/** Transfers the other side may send before it hears of us, refreshed at half of it. */
export const INCOMING_WINDOW = 65_536;
/** A flow frame is sent when so much of the credit has been used up. */
const TOP_UP_SHARE = 4;
const REFUSED = 'amqp:decode-error';
/** Bytes of a reason that the broker is told. */
const MAX_REASON = 256;

export class Incoming {
  private readonly links: readonly Link[];
  private readonly open = new Map<number, Link>();
  private held = false;
  /** Next transfer of the other side, and how many since it was told of the window. */
  private next_incoming = 0;
  private since_flow = 0;
  /** Accepted one after the other, not told yet. */
  private due: { first: number; last: number } | undefined;

  constructor(
    sources: readonly AmqpSource[],
    private readonly settings: { readonly credit: number; readonly max_message_bytes: number },
    private readonly send: Send,
  ) {
    const idle = { handle: undefined, delivered: 0, credit: 0, unsettled: 0, partial: undefined };
    this.links = sources.map((source) => ({ source, ...idle }));
  }

  get unsettled(): number {
    return this.links.reduce((sum, { unsettled }) => sum + unsettled, 0);
  }

  get attached(): boolean {
    return this.links.every(({ handle }) => handle !== undefined);
  }

  attachAll(container: string, next_outgoing: number): void {
    this.next_incoming = next_outgoing;
    const { max_message_bytes } = this.settings;
    for (const [handle, { source }] of this.links.entries()) {
      const from = write.described(CODE.source, write.list([write.text(source.address)]));
      const to = write.described(CODE.target, write.list([]));
      const name = write.text(`${container}<-${source.address}`);
      const head = [name, write.uint(handle), write.bool(true), undefined, undefined, from, to];
      this.send(CODE.attach, [...head, undefined, undefined, undefined, write.ulong(max_message_bytes)]);
    }
  }

  /** `handle`: of the other side; `source` is absent where it refuses, and says why when it detaches. */
  attach(own: number, handle: number, source: Value, initial: Value): void {
    const link = this.links[own];
    if (!link || source === undefined) return;
    link.handle = handle;
    link.delivered = typeof initial === 'number' ? initial : 0;
    this.open.set(handle, link);
    this.giveCredit(link);
  }

  /** The first link waits for its handle until the broker says that it does not want it. Throws AmqpError. */
  detached(own: number, error: Value): never {
    const address = this.links[own]?.source.address ?? '';
    throw new AmqpError(`the broker ends ${address}: ${errorText(error) ?? 'no reason given'}`);
  }

  /** A message that is whole now. Throws AmqpError. */
  transfer(fields: readonly Value[], payload: Buffer): Delivery | undefined {
    this.next_incoming = (this.next_incoming + 1) >>> 0;
    if (++this.since_flow > INCOMING_WINDOW / 2) this.flow([]);
    const [handle, id, , , settled, more, , , , aborted] = fields;
    const link = typeof handle === 'number' ? this.open.get(handle) : undefined;
    if (!link) throw new AmqpError('a transfer on a link that there is not');
    const partial = (link.partial ??= this.begin(link, id, settled === true));
    partial.bytes += payload.length;
    if (partial.bytes > this.settings.max_message_bytes) partial.parts.length = 0;
    else partial.parts.push(payload);
    if (more === true && aborted !== true) return undefined;
    link.partial = undefined;
    if (aborted === true) {
      link.unsettled--;
      this.giveCredit(link);
      return undefined;
    }
    const whole = partial.bytes <= this.settings.max_message_bytes;
    const bytes = whole ? (partial.parts.length === 1 ? partial.parts[0] : Buffer.concat(partial.parts)) : undefined;
    return { source: this.links.indexOf(link), id: partial.id, settled: partial.settled, bytes };
  }

  settle({ source, id, settled }: Delivery, refusal: string | undefined): void {
    const link = this.links[source];
    if (!link) return;
    link.unsettled--;
    if (!settled && refusal === undefined) this.accept(id);
    else if (!settled) {
      const error = write.list([write.symbol(REFUSED), write.text(refusal?.slice(0, MAX_REASON) ?? '')]);
      const state = write.described(CODE.rejected, write.list([write.described(CODE.error, error)]));
      this.dispose(id, id, state);
    }
    this.giveCredit(link);
  }

  /** While held no credit is given: what was given may still be used. */
  hold(held: boolean): void {
    this.held = held;
    for (const link of this.open.values()) this.giveCredit(link);
  }

  /** Tells what was accepted since. */
  flush(): void {
    if (!this.due) return;
    this.dispose(this.due.first, this.due.last, write.described(CODE.accepted, write.list([])));
    this.due = undefined;
  }

  /** `link`: handle, delivery count, credit; nothing for the session alone. */
  flow(link: readonly Buffer[]): void {
    this.since_flow = 0;
    const window = write.uint(INCOMING_WINDOW);
    this.send(CODE.flow, [write.uint(this.next_incoming), window, write.uint(this.outgoing()), window, ...link]);
  }

  /** Next transfer of ours; the senders know. */
  outgoing: () => number = () => 0;

  private begin(link: Link, id: Value, settled: boolean): NonNullable<Link['partial']> {
    if (typeof id !== 'number') throw new AmqpError('a delivery without a number');
    if (link.credit-- <= 0) throw new AmqpError(`more of ${link.source.address} than there was credit for`);
    link.delivered = (link.delivered + 1) >>> 0;
    link.unsettled++;
    return { id, settled, parts: [], bytes: 0 };
  }

  private accept(id: number): void {
    if (this.due && id === (this.due.last + 1) >>> 0) this.due.last = id;
    else {
      this.flush();
      this.due = { first: id, last: id };
    }
  }

  private dispose(first: number, last: number, state: Buffer): void {
    this.send(CODE.disposition, [write.bool(true), write.uint(first), write.uint(last), write.bool(true), state]);
  }

  /** So much that what is under way and what may come are together the credit of the profile. */
  private giveCredit(link: Link): void {
    if (this.held || link.handle === undefined) return;
    const { credit } = this.settings;
    const room = credit - link.unsettled - link.credit;
    if (room <= 0 || (room < credit / TOP_UP_SHARE && link.credit > 0)) return;
    link.credit += room;
    this.flow([write.uint(this.links.indexOf(link)), write.uint(link.delivered), write.uint(link.credit)]);
  }
}
