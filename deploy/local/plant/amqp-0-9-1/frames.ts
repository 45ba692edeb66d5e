/**
 * What a broker of AMQP 0-9-1 reads and writes, as far as the plant needs it: there is no such library for Node.
 *   stream = "AMQP" 0 0 9 1 frame* ; frame = type:1 channel:2 size:4 payload 0xce
 *   method = class:2 method:2 arguments ; header = class:2 weight:2 size:8 properties
 */
export const TYPE = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
const HEAD = 7;
const PROTOCOL_BYTES = 8;
const FRAME_END = 0xce;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** Frames of a stream; `undefined` stands for the protocol's name, which comes first. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);
  private begun = false;

  feed(chunk: Buffer): (Frame | undefined)[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const found: (Frame | undefined)[] = [];
    if (!this.begun && this.rest.length >= PROTOCOL_BYTES) {
      this.begun = true;
      this.rest = this.rest.subarray(PROTOCOL_BYTES);
      found.push(undefined);
    }
    while (this.begun && this.rest.length >= HEAD) {
      const size = this.rest.readUInt32BE(3);
      if (this.rest.length < HEAD + size + 1) break;
      const payload = this.rest.subarray(HEAD, HEAD + size);
      found.push({ type: this.rest.readUInt8(0), channel: this.rest.readUInt16BE(1), payload });
      this.rest = this.rest.subarray(HEAD + size + 1);
    }
    return found;
  }
}

export function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)]);
}

export const method = (channel: number, [kind, id]: readonly [number, number], ...args: readonly Buffer[]): Buffer =>
  frame(TYPE.method, channel, Buffer.concat([short(kind), short(id), ...args]));

/** Header and body of a message; `properties`: flags and values, as they came. */
export const content = (channel: number, properties: Buffer, body: Buffer): Buffer =>
  Buffer.concat([
    frame(TYPE.header, channel, Buffer.concat([short(60), short(0), longlong(body.length), properties])),
    frame(TYPE.body, channel, body),
  ]);

export const octet = (v: number): Buffer => Buffer.of(v);

export function short(v: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(v);
  return bytes;
}

export function long(v: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(v);
  return bytes;
}

export function longlong(v: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(v));
  return bytes;
}

export const shortText = (v: string): Buffer => Buffer.concat([octet(Buffer.byteLength(v)), Buffer.from(v)]);
export const longText = (v: string): Buffer => Buffer.concat([long(Buffer.byteLength(v)), Buffer.from(v)]);

/** Arguments in their order. */
export class Arguments {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  skip(count: number): this {
    this.at += count;
    return this;
  }

  octet(): number {
    return this.bytes.readUInt8(this.at++);
  }

  short(): number {
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  longlong(): number {
    this.at += 8;
    return Number(this.bytes.readBigUInt64BE(this.at - 8));
  }

  shortText(): string {
    const size = this.octet();
    this.at += size;
    return this.bytes.toString('utf8', this.at - size, this.at);
  }

  /** Also a table: its size comes first. */
  longBytes(): Buffer {
    const size = this.bytes.readUInt32BE(this.at);
    this.at += 4 + size;
    return this.bytes.subarray(this.at - size, this.at);
  }
}
