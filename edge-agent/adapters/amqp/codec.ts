/**
 * Frames and messages of AMQP 1.0 (parts 2, 3 and 5). Pure; throws nothing but AmqpError.
 *   stream  = header frame* ; after SASL once more
 *   header  = "AMQP" protocol 1 0 0 ; protocol 0: AMQP, 3: SASL
 *   frame   = size:4 doff:1 type:1 channel:2 extended (performative payload)?
 *   message = header? annotations* properties? application-properties? (data+ | sequence+ | value) footer?
 */
import { AmqpError, Described, Reader, type Value, write } from './types';

export type Layer = 'amqp' | 'sasl';

export interface Frame {
  readonly layer: Layer;
  readonly channel: number;
  /** Undefined: an empty frame, which says that somebody is there. */
  readonly code: number | undefined;
  readonly fields: readonly Value[];
  readonly payload: Buffer;
}

/** A header, or a frame. */
export type Part = { readonly kind: 'header'; readonly layer: Layer } | ({ readonly kind: 'frame' } & Frame);

export const CODE = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  error: 0x1d,
  accepted: 0x24,
  rejected: 0x25,
  source: 0x28,
  target: 0x29,
  mechanisms: 0x40,
  init: 0x41,
  outcome: 0x44,
} as const;

const SECTION = { header: 0x70, properties: 0x73, data: 0x75, sequence: 0x76, value: 0x77 } as const;
const HEADER_BYTES = 8;
const PROTOCOL: Readonly<Record<Layer, number>> = { amqp: 0, sasl: 3 };
const NOTHING: Buffer = Buffer.alloc(0);

export const protocolHeader = (layer: Layer): Buffer =>
  Buffer.concat([Buffer.from('AMQP'), Buffer.of(PROTOCOL[layer], 1, 0, 0)]);

/** Undefined fields are left to their defaults. */
export function frame(
  layer: Layer,
  channel: number,
  code: number,
  fields: readonly (Buffer | undefined)[],
  payload = NOTHING,
): Buffer {
  const body = write.described(code, write.list(fields.map((f) => f ?? write.none())));
  return framed(layer, channel, body, payload);
}

export const emptyFrame = (): Buffer => framed('amqp', 0, NOTHING, NOTHING);

function framed(layer: Layer, channel: number, body: Buffer, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(HEADER_BYTES + body.length + payload.length);
  head[4] = 2;
  head[5] = layer === 'sasl' ? 1 : 0;
  head.writeUInt16BE(channel, 6);
  return Buffer.concat([head, body, payload]);
}

/** Bytes of a connection to frames. */
export class FrameReader {
  private waiting: Buffer[] = [];
  private bytes = 0;
  /** Bytes there must be before it is worth another look. */
  private wanted = HEADER_BYTES;
  private headerDue = true;

  constructor(private readonly maxFrameBytes: number) {}

  /** Parts completed by the chunk, in order. Throws AmqpError; after that the reader is of no more use. */
  feed(chunk: Buffer): Part[] {
    this.waiting.push(chunk);
    this.bytes += chunk.length;
    const parts: Part[] = [];
    if (this.bytes < this.wanted) return parts;
    let rest = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting);
    for (let part = this.next(rest); part; part = this.next(rest)) {
      rest = rest.subarray(part.size);
      parts.push(part.part);
    }
    this.waiting = [rest];
    this.bytes = rest.length;
    return parts;
  }

  private next(rest: Buffer): { part: Part; size: number } | undefined {
    this.wanted = HEADER_BYTES;
    if (rest.length < HEADER_BYTES) return undefined;
    if (this.headerDue) {
      this.headerDue = false;
      return { part: { kind: 'header', layer: headerOf(rest) }, size: HEADER_BYTES };
    }
    const size = rest.readUInt32BE();
    if (size < HEADER_BYTES || size > this.maxFrameBytes) throw new AmqpError(`a frame of ${size} bytes`);
    this.wanted = size;
    if (rest.length < size) return undefined;
    const found = decodeFrame(rest.subarray(0, size));
    // SASL has ended: the stream begins anew.
    if (found.layer === 'sasl' && found.code === CODE.outcome) this.headerDue = true;
    return { part: { kind: 'frame', ...found }, size };
  }
}

function headerOf(bytes: Buffer): Layer {
  for (const layer of ['amqp', 'sasl'] as const)
    if (bytes.subarray(0, HEADER_BYTES).equals(protocolHeader(layer))) return layer;
  throw new AmqpError(`not AMQP 1.0: ${bytes.toString('hex', 0, HEADER_BYTES)}`);
}

function decodeFrame(bytes: Buffer): Frame {
  const [, , , , offset = 0, type = 0] = bytes;
  if (type > 1) throw new AmqpError(`a frame of type ${type}`);
  const layer: Layer = type === 1 ? 'sasl' : 'amqp';
  const start = offset * 4;
  if (start < HEADER_BYTES || start > bytes.length) throw new AmqpError(`a frame whose body begins at ${start}`);
  const channel = bytes.readUInt16BE(6);
  if (start === bytes.length) return { layer, channel, code: undefined, fields: [], payload: NOTHING };
  const reader = new Reader(bytes, start);
  const { code, fields } = listOf(reader.value());
  return { layer, channel, code, fields, payload: bytes.subarray(reader.position) };
}

/** Of a described list: which one, and its fields. */
export function listOf(value: Value): { code: number; fields: readonly Value[] } {
  if (!(value instanceof Described) || !Array.isArray(value.value)) throw new AmqpError('no described list');
  const { descriptor } = value;
  if (typeof descriptor !== 'number') throw new AmqpError('a descriptor that is no number');
  return { code: descriptor, fields: value.value as readonly Value[] };
}

/** Such as `amqp:not-found: no such queue`; undefined when there is none. */
export function errorText(value: Value): string | undefined {
  if (!(value instanceof Described) || value.descriptor !== CODE.error) return undefined;
  const [condition = 'error', description] = listOf(value).fields;
  const what = typeof condition === 'string' ? condition : 'error';
  return typeof description === 'string' && description !== '' ? `${what}: ${description}` : what;
}

export interface AmqpContent {
  /** The broker may have sent it before. */
  readonly again: boolean;
  /** It has, and got it back. */
  readonly returned: boolean;
  readonly subject: string;
  readonly to: string;
  /** What tells it from others, beside the payload. */
  readonly marks: readonly string[];
  readonly payload: Buffer;
}

/** Throws AmqpError. */
export function decodeMessage(bytes: Buffer): AmqpContent {
  const reader = new Reader(bytes);
  const sections = new Map<number, Value[]>();
  while (!reader.done) {
    const section = reader.value();
    if (!(section instanceof Described) || typeof section.descriptor !== 'number') throw new AmqpError('no section');
    sections.set(section.descriptor, [...(sections.get(section.descriptor) ?? []), section.value]);
  }
  const fieldsOf = (code: number): readonly Value[] => {
    const [found] = sections.get(code) ?? [];
    return Array.isArray(found) ? (found as readonly Value[]) : [];
  };
  const [, , , first, deliveries] = fieldsOf(SECTION.header);
  const [id, , to, subject, , , , , , created] = fieldsOf(SECTION.properties);
  const returned = typeof deliveries === 'number' && deliveries > 0;
  return {
    // 3.2.1: unless it says that nobody had it before, somebody may have.
    again: first !== true || returned,
    returned,
    to: nameOf(to),
    subject: nameOf(subject),
    marks: [id, created].map((v) => (Buffer.isBuffer(v) ? v.toString('hex') : String(v))),
    payload: bodyOf(sections),
  };
}

const nameOf = (value: Value): string => (typeof value === 'string' ? value : '');

function bodyOf(sections: ReadonlyMap<number, readonly Value[]>): Buffer {
  const data = sections.get(SECTION.data);
  if (data) {
    if (!data.every((d) => Buffer.isBuffer(d))) throw new AmqpError('data that are no bytes');
    return data.length === 1 && data[0] ? data[0] : Buffer.concat(data);
  }
  const sequence = sections.get(SECTION.sequence);
  if (sequence) return Buffer.from(jsonOf(sequence.flat()));
  const [value] = sections.get(SECTION.value) ?? [];
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : jsonOf(value));
}

/** What AMQP has of its own to say, as if it had been said in JSON; integers stay exact. */
function jsonOf(value: Value): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return 'null';
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(jsonOf).join(',')}]`;
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Value, Value>)];
    return `{${pairs.map(([k, v]) => `${JSON.stringify(typeof k === 'string' ? k : jsonOf(k))}:${jsonOf(v)}`).join(',')}}`;
  }
  if (value instanceof Described) return jsonOf(value.value);
  return JSON.stringify(Buffer.isBuffer(value) ? value.toString('base64') : value);
}

/** A message of one data section, durable: what brokers keep over a restart. */
export function encodeMessage({ subject, contentType, payload }: OutgoingContent): Buffer {
  const none = [undefined, undefined, undefined].map(() => write.none());
  const named = subject === undefined ? write.none() : write.text(subject);
  const properties = [...none, named, write.none(), write.none(), write.symbol(contentType)];
  return Buffer.concat([
    write.described(SECTION.header, write.list([write.bool(true)])),
    write.described(SECTION.properties, write.list(properties)),
    write.described(SECTION.data, write.binary(payload)),
  ]);
}

export interface OutgoingContent {
  readonly subject: string | undefined;
  readonly contentType: string;
  readonly payload: Buffer;
}
