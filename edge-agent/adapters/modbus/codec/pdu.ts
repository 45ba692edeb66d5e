/**
 * Protocol data units, Modbus Application Protocol V1.1b3. Big-endian.
 *   read    01 02 03 04:  fc address:u16 count:u16               -> fc bytes:u8 data
 *   write   05 06:        fc address:u16 value:u16               -> echo
 *   write   15 16:        fc address:u16 count:u16 bytes:u8 data -> fc address:u16 count:u16
 *   mask    22:           fc address:u16 and:u16 or:u16          -> echo
 *   both    23:           fc read:u16 count:u16 write:u16 count:u16 bytes:u8 data -> fc bytes:u8 data
 *   refusal: fc|0x80 exception:u8
 */
export const MAX_PDU_BYTES = 253;

export type ReadFunction = 1 | 2 | 3 | 4;

export type Request =
  | { readonly fn: ReadFunction; readonly address: number; readonly count: number }
  | { readonly fn: 5 | 6; readonly address: number; readonly value: number }
  | { readonly fn: 15; readonly address: number; readonly bits: readonly boolean[] }
  | { readonly fn: 16; readonly address: number; readonly data: Buffer }
  | { readonly fn: 22; readonly address: number; readonly and: number; readonly or: number }
  | {
      readonly fn: 23;
      readonly address: number;
      readonly count: number;
      readonly write: number;
      readonly data: Buffer;
    };

export type Response =
  | { readonly ok: true; /** Bits packed low first, or registers; empty for writes. */ readonly data: Buffer }
  | { readonly ok: false; readonly exception: number };

export class PduError extends Error {
  readonly code = 'bad-response';
  constructor(message: string) {
    super(message);
    this.name = 'PduError';
  }
}

const LIMITS = { 1: 2_000, 2: 2_000, 3: 125, 4: 125, 15: 1_968, 16: 123, 23: 121 } as const;
const NOTHING = Buffer.alloc(0);

/** Throws RangeError for a request the protocol does not allow: a defect of the caller. */
export function encodeRequest(r: Request): Buffer {
  switch (r.fn) {
    case 1:
    case 2:
    case 3:
    case 4:
      return words(r.fn, span(r.address, r.count, LIMITS[r.fn]), r.count);
    case 5:
      return words(5, u16(r.address), r.value ? 0xff00 : 0);
    case 6:
      return words(6, u16(r.address), u16(r.value));
    case 15: {
      const count = r.bits.length;
      return withData(words(15, span(r.address, count, LIMITS[15]), count), packBits(r.bits));
    }
    case 16: {
      const count = r.data.length / 2;
      return withData(words(16, span(r.address, count, LIMITS[16]), count), r.data);
    }
    case 22:
      return words(22, u16(r.address), u16(r.and), u16(r.or));
    case 23: {
      const count = r.data.length / 2;
      const read = span(r.address, r.count, LIMITS[3]);
      return withData(words(23, read, r.count, span(r.write, count, LIMITS[23]), count), r.data);
    }
  }
}

/** Throws PduError when the bytes are not an answer to the request. The data is a view. */
export function decodeResponse(request: Request, pdu: Buffer): Response {
  if (pdu.length < 2) throw new PduError(`${pdu.length} bytes are too few`);
  const fn = pdu.readUInt8(0);
  if (fn === (request.fn | 0x80)) {
    if (pdu.length !== 2) throw new PduError(`an exception of ${pdu.length} bytes`);
    return { ok: false, exception: pdu.readUInt8(1) };
  }
  if (fn !== request.fn) throw new PduError(`function ${fn} in answer to ${request.fn}`);
  switch (request.fn) {
    case 1:
    case 2:
      return { ok: true, data: dataOf(pdu, Math.ceil(request.count / 8)) };
    case 3:
    case 4:
    case 23:
      return { ok: true, data: dataOf(pdu, request.count * 2) };
    case 5:
    case 6:
    case 22:
      return echoed(pdu, encodeRequest(request));
    case 15:
    case 16:
      return echoed(pdu, encodeRequest(request).subarray(0, 5));
  }
}

/** Bytes of the PDU that answers a request well. */
export function responseBytes(request: Request): number {
  switch (request.fn) {
    case 1:
    case 2:
      return 2 + Math.ceil(request.count / 8);
    case 3:
    case 4:
    case 23:
      return 2 + 2 * request.count;
    case 5:
    case 6:
    case 15:
    case 16:
      return 5;
    case 22:
      return 7;
  }
}

/** Bytes of the PDU whose answer this is; undefined while more bytes are needed to tell. For framings without a length. */
export function responseLength(pdu: Buffer): number | undefined {
  if (pdu.length < 1) return undefined;
  const fn = pdu.readUInt8(0);
  if (fn & 0x80) return 2;
  if (fn === 5 || fn === 6 || fn === 15 || fn === 16) return 5;
  if (fn === 22) return 7;
  if (fn !== 23 && (fn < 1 || fn > 4)) throw new PduError(`unknown function ${fn}`);
  return pdu.length < 2 ? undefined : 2 + pdu.readUInt8(1);
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
};

export function exceptionText(code: number): string {
  return `exception ${code} (${EXCEPTIONS[code] ?? 'unknown'})`;
}

function dataOf(pdu: Buffer, expected: number): Buffer {
  const bytes = pdu.readUInt8(1);
  if (bytes !== expected || pdu.length !== 2 + expected)
    throw new PduError(`${pdu.length - 2} bytes of data, said to be ${bytes}, instead of ${expected}`);
  return pdu.subarray(2);
}

function echoed(pdu: Buffer, expected: Buffer): Response {
  if (!pdu.equals(expected)) throw new PduError(`echo ${pdu.toString('hex')} instead of ${expected.toString('hex')}`);
  return { ok: true, data: NOTHING };
}

function words(fn: number, ...values: number[]): Buffer {
  const out = Buffer.allocUnsafe(1 + 2 * values.length);
  out.writeUInt8(fn, 0);
  values.forEach((v, i) => out.writeUInt16BE(v, 1 + 2 * i));
  return out;
}

function withData(head: Buffer, data: Buffer): Buffer {
  return Buffer.concat([head, Buffer.of(data.length), data]);
}

function packBits(bits: readonly boolean[]): Buffer {
  const out = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    if (bit) out.writeUInt8((out[i >> 3] ?? 0) | (1 << (i & 7)), i >> 3);
  });
  return out;
}

function u16(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new RangeError(`${value} is not 0 to 65535`);
  return value;
}

function span(address: number, count: number, limit: number): number {
  if (!Number.isInteger(count) || count < 1 || count > limit)
    throw new RangeError(`count ${count} is not 1 to ${limit}`);
  if (u16(address) + count > 0x10000) throw new RangeError(`${address} + ${count} is beyond 65536`);
  return address;
}
