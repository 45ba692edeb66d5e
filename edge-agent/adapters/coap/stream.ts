/**
 * CoAP over TCP and TLS (RFC 8323, 3). Pure; throws nothing but CoapError.
 *   | length:4 TKL:4 | extended length | code | token | options | 0xff payload |
 *   length: of what follows the token ; 13: one byte more, less 13; 14: two, less 269; 15: four, less 65805
 * A message has neither type nor id: the stream keeps it. Both sides begin with a CSM.
 */
import { CoapError, type CoapOption, decodeBody, encodeBody, type Message, uint, uintOf } from './codec';

export type StreamMessage = Pick<Message, 'code' | 'token' | 'options' | 'payload'>;

/** c.dd of the RFC, 5. */
export const SIGNAL = { csm: 225, ping: 226, pong: 227, release: 228, abort: 229 } as const;

export const isSignal = (code: number): boolean => code >> 5 === 7;

const MAX_TOKEN = 8;
/** Header with the longest length. */
const MAX_HEAD = 6;
const STEPS = [
  { nibble: 13, bytes: 1, from: 13 },
  { nibble: 14, bytes: 2, from: 269 },
  { nibble: 15, bytes: 4, from: 65_805 },
] as const;

interface Head {
  readonly code: number;
  readonly tokenBytes: number;
  /** Where the token begins. */
  readonly start: number;
  /** Of the whole message. */
  readonly size: number;
}

export class StreamReader {
  private waiting: Buffer[] = [];
  private bytes = 0;
  /** Bytes there must be before it is worth another look. */
  private wanted = 1;

  /** `maxBytes`: of one message, head and all. */
  constructor(private readonly maxBytes: number) {}

  /** Messages completed by the chunk, in order. Throws CoapError; after that the reader is of no more use. */
  feed(chunk: Buffer): StreamMessage[] {
    this.waiting.push(chunk);
    this.bytes += chunk.length;
    const found: StreamMessage[] = [];
    if (this.bytes < this.wanted) return found;
    let rest = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting);
    for (let head = this.head(rest); head && rest.length >= head.size; head = this.head(rest)) {
      found.push(messageOf(rest.subarray(0, head.size), head));
      rest = rest.subarray(head.size);
    }
    this.waiting = rest.length > 0 ? [rest] : [];
    this.bytes = rest.length;
    return found;
  }

  private head(rest: Buffer): Head | undefined {
    this.wanted = Math.min(rest.length + 1, MAX_HEAD);
    const [first] = rest;
    if (first === undefined) return undefined;
    const tokenBytes = first & 15;
    if (tokenBytes > MAX_TOKEN) throw new CoapError(`a token of ${tokenBytes} bytes`);
    const step = STEPS.find(({ nibble }) => nibble === first >> 4);
    const more = step?.bytes ?? 0;
    if (rest.length < 2 + more) return undefined;
    const length = step ? rest.readUIntBE(1, more) + step.from : first >> 4;
    const start = 2 + more;
    const size = start + tokenBytes + length;
    if (size > this.maxBytes) throw new CoapError(`a message of ${size} bytes`);
    this.wanted = size;
    return { code: rest.readUInt8(1 + more), tokenBytes, start, size };
  }
}

function messageOf(bytes: Buffer, { code, tokenBytes, start }: Head): StreamMessage {
  const token = Buffer.from(bytes.subarray(start, start + tokenBytes));
  return { code, token, ...decodeBody(bytes, start + tokenBytes) };
}

export function encodeStream({ code, token, options, payload }: StreamMessage): Buffer {
  if (token.length > MAX_TOKEN) throw new CoapError(`a token of ${token.length} bytes`);
  const body = encodeBody(options, payload);
  const step = STEPS.findLast(({ from }) => body.length >= from);
  const head = Buffer.alloc(2 + (step?.bytes ?? 0));
  head[0] = ((step?.nibble ?? body.length) << 4) | token.length;
  if (step) head.writeUIntBE(body.length - step.from, 1, step.bytes);
  head[head.length - 1] = code;
  return Buffer.concat([head, token, body]);
}

/** Options of a CSM: RFC 8323, 5.3. */
const MAX_MESSAGE_SIZE = 2;
/** What the other side takes until it says otherwise. */
const BASE_MESSAGE_BYTES = 1_152;

export const csm = (maxBytes: number): readonly CoapOption[] => [uint(MAX_MESSAGE_SIZE, maxBytes)];

export const maxMessageOf = (message: Pick<Message, 'options'>): number =>
  uintOf(message, MAX_MESSAGE_SIZE) ?? BASE_MESSAGE_BYTES;
