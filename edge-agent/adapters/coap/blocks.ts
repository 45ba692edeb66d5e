/**
 * Bodies in blocks (RFC 7959). Pure.
 *   block = NUM << 4 | M << 3 | SZX ; a block is 2 ** (SZX + 4) bytes, SZX 7 is reserved
 */
import { CODE, CoapError, type CoapOption, type Message, OPTION, uint, uintOf } from './codec';

export interface Block {
  readonly num: number;
  readonly more: boolean;
  readonly szx: number;
}

export const MAX_SZX = 6;
const RESERVED_SZX = 7;
export const blockBytes = (szx: number): number => 2 ** (szx + 4);

/** Undefined when there is none. Throws CoapError. */
export function blockOf(message: Message, number: number): Block | undefined {
  const value = uintOf(message, number);
  if (value === undefined) return undefined;
  const szx = value & 7;
  if (szx === RESERVED_SZX || value > 0xff_ffff) throw new CoapError('a reserved block size');
  return { num: value >>> 4, more: (value & 8) !== 0, szx };
}

export const blockOption = (number: number, { num, more, szx }: Block): CoapOption =>
  uint(number, (num << 4) | (more ? 8 : 0) | szx);

/** What to do with a block of a body that comes: answer it, or go on with the whole body. */
export type Step =
  | { readonly kind: 'answer'; readonly code: number; readonly options: readonly CoapOption[] }
  | { readonly kind: 'whole'; readonly body: Buffer; readonly options: readonly CoapOption[] };

interface Transfer {
  readonly parts: Buffer[];
  bytes: number;
  readonly begun_at: number;
}

/** Bodies that are under way at once. */
export const MAX_TRANSFERS = 256;
/** A body whose last block does not come is forgotten, ms (EXCHANGE_LIFETIME). */
export const TRANSFER_MS = 247_000;

export class Transfers {
  private readonly open = new Map<string, Transfer>();

  constructor(private readonly maxBytes: number) {}

  get size(): number {
    return this.open.size;
  }

  /** `key`: who sends it where. One body at a time for each. Throws CoapError. */
  take(key: string, message: Message, now: number): Step {
    const block = blockOf(message, OPTION.block1);
    if (!block) return this.judge(message.payload.length) ?? { kind: 'whole', body: message.payload, options: [] };
    const echo = [blockOption(OPTION.block1, block)];
    if (block.more && message.payload.length !== blockBytes(block.szx)) throw new CoapError('a block that is not full');
    if (block.num === 0) this.begin(key, now);
    const transfer = this.open.get(key);
    if (!transfer || transfer.bytes !== block.num * blockBytes(block.szx)) {
      this.open.delete(key);
      return { kind: 'answer', code: CODE.incomplete, options: echo };
    }
    transfer.bytes += message.payload.length;
    const refusal = this.judge(transfer.bytes);
    if (refusal) {
      this.open.delete(key);
      return refusal;
    }
    transfer.parts.push(message.payload);
    if (block.more) return { kind: 'answer', code: CODE.continue, options: echo };
    this.open.delete(key);
    return { kind: 'whole', body: Buffer.concat(transfer.parts), options: echo };
  }

  private judge(bytes: number): Step | undefined {
    const { maxBytes } = this;
    return bytes <= maxBytes
      ? undefined
      : { kind: 'answer', code: CODE.tooLarge, options: [uint(OPTION.size1, maxBytes)] };
  }

  /** The oldest gives way: its sender is told to begin again. */
  private begin(key: string, now: number): void {
    this.open.delete(key);
    for (const [old, { begun_at }] of this.open)
      if (now - begun_at > TRANSFER_MS || this.open.size >= MAX_TRANSFERS) this.open.delete(old);
      else break;
    this.open.set(key, { parts: [], bytes: 0, begun_at: now });
  }
}
