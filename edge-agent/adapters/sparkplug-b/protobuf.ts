/**
 * The few forms of Protocol Buffers that Sparkplug uses. Pure.
 *   field = varint(number << 3 | form) value ; form 0: varint, 1: 8 bytes, 2: varint length and bytes, 5: 4 bytes
 */
export class ProtoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtoError';
  }
}

const MAX_VARINT_BYTES = 10;

export type Raw = bigint | Buffer;

export interface Field {
  readonly number: number;
  readonly form: number;
  /** Varints and fixed 8 bytes as unsigned integers; the rest as bytes. */
  readonly raw: Raw;
}

/** Fields in order. Throws ProtoError. */
export function* fields(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let small = 0;
    // Four groups of seven bits fit an integer that a double holds exactly and shifts do not overflow.
    for (let i = 0; i < 4; i++) {
      const byte = bytes[at];
      if (byte === undefined) throw new ProtoError('cut off inside a number');
      at++;
      small |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return BigInt(small);
    }
    let value = BigInt(small);
    for (let i = 4; i < MAX_VARINT_BYTES; i++) {
      const byte = bytes[at];
      if (byte === undefined) throw new ProtoError('cut off inside a number');
      at++;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtoError('a number of more than 10 bytes');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new ProtoError(`${length} bytes promised, ${bytes.length - at} there`);
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, form] = [key >>> 3, key & 7];
    if (number === 0) throw new ProtoError('field 0');
    if (form === 0) yield { number, form, raw: varint() };
    else if (form === 1) yield { number, form, raw: take(8) };
    else if (form === 2) yield { number, form, raw: take(Number(varint())) };
    else if (form === 5) yield { number, form, raw: take(4) };
    else throw new ProtoError(`form ${form} of field ${number}`);
  }
}

export class Writer {
  private readonly parts: Buffer[] = [];

  varint(number: number, value: bigint): this {
    return this.push(encodeVarint(BigInt(number << 3)), encodeVarint(BigInt.asUintN(64, value)));
  }

  bytes(number: number, value: Buffer): this {
    return this.push(encodeVarint(BigInt((number << 3) | 2)), encodeVarint(BigInt(value.length)), value);
  }

  text(number: number, value: string): this {
    return this.bytes(number, Buffer.from(value));
  }

  float(number: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.push(encodeVarint(BigInt((number << 3) | 5)), bytes);
  }

  double(number: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return this.push(encodeVarint(BigInt((number << 3) | 1)), bytes);
  }

  end(): Buffer {
    return Buffer.concat(this.parts);
  }

  private push(...parts: Buffer[]): this {
    this.parts.push(...parts);
    return this;
  }
}

function encodeVarint(value: bigint): Buffer {
  const out: number[] = [];
  for (let left = value; ; left >>= 7n) {
    const low = Number(left & 0x7fn);
    if (left < 0x80n) return Buffer.from([...out, low]);
    out.push(low | 0x80);
  }
}
