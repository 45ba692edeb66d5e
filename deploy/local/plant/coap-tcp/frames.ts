/** CoAP over TCP (RFC 8323) as simple devices have it: whole messages, written and read without looking at the agent's codec. */

export interface Frame {
  readonly code: number;
  readonly token: Buffer;
  /** Number and value, ascending. */
  readonly options: readonly (readonly [number: number, value: Buffer])[];
  readonly payload: Buffer;
}

export const CODE = { get: 1, post: 2, put: 3, changed: 68, content: 69, notFound: 132, internal: 160, csm: 225 };
export const OPTION = { observe: 6, path: 11, format: 12, query: 15 };
export const NOTHING = Buffer.alloc(0);
const END_OF_OPTIONS = 0xff;
const MAX_BYTES = 65_536;

/** A number in half a byte, and what does not fit behind it. */
function nibble(n: number): { readonly nibble: number; readonly more: Buffer } {
  if (n < 13) return { nibble: n, more: NOTHING };
  if (n < 269) return { nibble: 13, more: Buffer.of(n - 13) };
  return { nibble: 14, more: Buffer.of((n - 269) >> 8, (n - 269) & 255) };
}

export function encode({ code, token, options, payload }: Frame): Buffer {
  let before = 0;
  const parts = options.flatMap(([number, value]) => {
    const [delta, length] = [nibble(number - before), nibble(value.length)];
    before = number;
    return [Buffer.of((delta.nibble << 4) | length.nibble), delta.more, length.more, value];
  });
  if (payload.length > 0) parts.push(Buffer.of(END_OF_OPTIONS), payload);
  const body = Buffer.concat(parts);
  const length = nibble(body.length);
  return Buffer.concat([Buffer.of((length.nibble << 4) | token.length), length.more, Buffer.of(code), token, body]);
}

/** Reads on: bytes come in any pieces. */
class Cursor {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  take(count: number): Buffer {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  number(half: number): number {
    if (half < 13) return half;
    return half === 13 ? 13 + (this.take(1)[0] ?? 0) : 269 + this.take(2).readUInt16BE(0);
  }
}

export class FrameReader {
  private rest: Buffer = NOTHING;

  /** Throws Error where the other side's message is too long for a device. */
  feed(chunk: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const found: Frame[] = [];
    for (let size = this.size(); size !== undefined && this.rest.length >= size; size = this.size()) {
      found.push(frameOf(this.rest.subarray(0, size)));
      this.rest = this.rest.subarray(size);
    }
    return found;
  }

  private size(): number | undefined {
    const [first] = this.rest;
    if (first === undefined) return undefined;
    const more = first >> 4 < 13 ? 0 : (first >> 4) - 12;
    if (more > 2) throw new Error(`more than ${MAX_BYTES} bytes`);
    if (this.rest.length < 2 + more) return undefined;
    const cursor = new Cursor(this.rest);
    cursor.at = 1;
    return 2 + more + (first & 15) + cursor.number(first >> 4);
  }
}

function frameOf(bytes: Buffer): Frame {
  const cursor = new Cursor(bytes);
  const first = cursor.take(1)[0] ?? 0;
  cursor.number(first >> 4);
  const code = cursor.take(1)[0] ?? 0;
  const token = Buffer.from(cursor.take(first & 15));
  const options: [number, Buffer][] = [];
  let number = 0;
  while (!cursor.atEnd) {
    const head = cursor.take(1)[0] ?? 0;
    if (head === END_OF_OPTIONS) return { code, token, options, payload: Buffer.from(bytes.subarray(cursor.at)) };
    number += cursor.number(head >> 4);
    options.push([number, Buffer.from(cursor.take(cursor.number(head & 15)))]);
  }
  return { code, token, options, payload: NOTHING };
}
