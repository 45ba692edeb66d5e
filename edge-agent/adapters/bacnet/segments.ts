/**
 * Answers that come in segments (ASHRAE 135, clause 5.4.4), put together for each device and request by itself. Pure: time is data.
 * The library under us keeps one answer for all devices, and none can be put together any more when one broke off.
 *   segment = 3C|38 invoke-id sequence window service data       (complex ack; 04: more follow)
 *   ack     = 40|42 invoke-id sequence window                    (02: not what was expected)
 */

export interface Segmented {
  /** For the device. */
  readonly ack?: Buffer;
  /** The whole answer as one complex ack. */
  readonly whole?: Buffer;
}

interface Open {
  readonly parts: Buffer[];
  /** Time of the last segment, ms. */
  at: number;
  bytes: number;
  /** Sequence number of the last segment in order. */
  last: number;
  acked: number;
}

/** Requests under way at once; more answers than that are not ours. */
export const MAX_OPEN = 64;
/** What the library says it takes: more than 64 segments, and sequence numbers of one octet. */
const MAX_SEGMENTS = 256;
export const MAX_ANSWER_BYTES = 131_072;
/** A device that sends nothing for so long sends no more, ms: the standard's segment timeout is 2 s, tried four times. */
const MAX_SILENCE_MS = 8_000;
const HEAD = 5;
const COMPLEX_ACK = 0x30;
const SEGMENT_ACK = 0x40;
const NEGATIVE = 0x02;
const MORE_FOLLOW = 0x04;
const MAX_WINDOW = 127;

export class Segments {
  private readonly open = new Map<string, Open>();

  get size(): number {
    return this.open.size;
  }

  /** A request of this number goes out: what is left of an answer to an earlier one is none to this. */
  asked(device: string, invoke: number): void {
    this.open.delete(keyOf(device, invoke));
  }

  take(sender: string, apdu: Buffer, now: number): Segmented {
    for (const [key, { at }] of this.open) if (now - at > MAX_SILENCE_MS) this.open.delete(key);
    if (apdu.length < HEAD) return {};
    const [invoke, sequence, proposed] = [apdu.readUInt8(1), apdu.readUInt8(2), apdu.readUInt8(3)];
    const window = Math.min(Math.max(proposed, 1), MAX_WINDOW);
    const key = keyOf(sender, invoke);
    if (sequence === 0 && this.open.get(key)?.last !== 255) this.begin(key, now);
    const one = this.open.get(key);
    if (!one) return {};
    one.at = now;
    const ack = (kind: number): Buffer => Buffer.of(SEGMENT_ACK | kind, invoke, one.last & 0xff, window);
    // The last one again: what acknowledged it was lost.
    if (one.parts.length > 0 && sequence === (one.last & 0xff)) return { ack: ack(0) };
    if (sequence !== ((one.last + 1) & 0xff)) {
      one.acked = one.last;
      return { ack: ack(NEGATIVE) };
    }
    one.parts.push(Buffer.from(apdu.subarray(HEAD)));
    one.bytes += apdu.length - HEAD;
    one.last++;
    const more = (apdu.readUInt8(0) & MORE_FOLLOW) !== 0;
    if (one.bytes > MAX_ANSWER_BYTES || one.parts.length > MAX_SEGMENTS) {
      this.open.delete(key);
      return {};
    }
    if (!more) {
      this.open.delete(key);
      const head = Buffer.of(COMPLEX_ACK, invoke, apdu.readUInt8(4));
      return { ack: ack(0), whole: Buffer.concat([head, ...one.parts]) };
    }
    if (one.last !== 0 && one.last - one.acked < window) return {};
    one.acked = one.last;
    return { ack: ack(0) };
  }

  private begin(key: string, now: number): void {
    const known = this.open.get(key);
    // The first segment again is not a new answer.
    if (known?.last === 0) return;
    this.open.delete(key);
    if (this.open.size < MAX_OPEN) this.open.set(key, { parts: [], at: now, bytes: 0, last: -1, acked: -1 });
  }
}

const keyOf = (device: string, invoke: number): string => `${device} ${invoke}`;
