/**
 * CoAP messages over UDP (RFC 7252, 3). Pure; throws nothing but CoapError.
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |Ver| T |  TKL  |      Code     |          Message ID           |
 *   | token (TKL bytes) | options | 0xff payload |
 *   option = delta:4 length:4 extended(delta)? extended(length)? value ; 13: one byte more, 14: two, 15: reserved
 */
export class CoapError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CoapError';
  }
}

export type MessageType = 'con' | 'non' | 'ack' | 'rst';
const TYPES: readonly MessageType[] = ['con', 'non', 'ack', 'rst'];

export interface CoapOption {
  readonly number: number;
  readonly value: Buffer;
}

export interface Message {
  readonly type: MessageType;
  /** class * 32 + detail; 0 for an empty message. */
  readonly code: number;
  readonly id: number;
  readonly token: Buffer;
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
}

export const OPTION = {
  observe: 6,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
  size1: 60,
} as const;

/** c.dd of the RFC. */
export const CODE = {
  empty: 0,
  get: 1,
  post: 2,
  put: 3,
  created: 65,
  changed: 68,
  content: 69,
  continue: 95,
  badRequest: 128,
  unauthorized: 129,
  badOption: 130,
  forbidden: 131,
  notFound: 132,
  methodNotAllowed: 133,
  incomplete: 136,
  conflict: 137,
  tooLarge: 141,
  unsupportedFormat: 143,
  tooMany: 157,
  internal: 160,
  unavailable: 163,
} as const;

export const NOTHING: Buffer = Buffer.alloc(0);
const VERSION = 1;
const MAX_TOKEN = 8;
const PAYLOAD_MARKER = 0xff;
/** RFC 7252, 5.10: the longest value that any option has; a bound for all of them. */
const MAX_OPTION_BYTES = 1_034;
const MAX_OPTIONS = 64;

/** Such as 4.04. */
export const codeText = (code: number): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`;
export const isRequest = (code: number): boolean => code > 0 && code < 32;
export const isSuccess = (code: number): boolean => code >> 5 === 2;

export function decode(bytes: Buffer): Message {
  if (bytes.length < 4) throw new CoapError('shorter than a header');
  const [first = 0, code = 0] = bytes;
  if (first >> 6 !== VERSION) throw new CoapError(`version ${first >> 6}`);
  const type = TYPES[(first >> 4) & 3] ?? 'con';
  const tokenBytes = first & 15;
  if (tokenBytes > MAX_TOKEN) throw new CoapError(`a token of ${tokenBytes} bytes`);
  if (bytes.length < 4 + tokenBytes) throw new CoapError('the token is cut off');
  const id = bytes.readUInt16BE(2);
  if (code === CODE.empty && bytes.length > 4) throw new CoapError('an empty message with more than a header');
  const token = Buffer.from(bytes.subarray(4, 4 + tokenBytes));
  return { type, code, id, token, ...decodeBody(bytes, 4 + tokenBytes) };
}

/** Options and payload, which follow the token whatever carries the message. */
export function decodeBody(bytes: Buffer, start: number): Pick<Message, 'options' | 'payload'> {
  const { options, end } = decodeOptions(bytes, start);
  if (end === bytes.length - 1) throw new CoapError('a payload marker without payload');
  return { options, payload: end < bytes.length ? Buffer.from(bytes.subarray(end + 1)) : NOTHING };
}

/** `end`: where the payload marker is, or the end of the bytes. */
function decodeOptions(bytes: Buffer, start: number): { options: CoapOption[]; end: number } {
  const options: CoapOption[] = [];
  let number = 0;
  let at = start;
  while (at < bytes.length && bytes[at] !== PAYLOAD_MARKER) {
    const head = bytes[at++] ?? 0;
    const delta = extended(bytes, at, head >> 4);
    const length = extended(bytes, delta.at, head & 15);
    number += delta.value;
    if (number > 0xffff) throw new CoapError(`option ${number}`);
    if (length.value > MAX_OPTION_BYTES) throw new CoapError(`an option of ${length.value} bytes`);
    at = length.at + length.value;
    if (at > bytes.length) throw new CoapError('an option is cut off');
    if (options.length === MAX_OPTIONS) throw new CoapError(`more than ${MAX_OPTIONS} options`);
    options.push({ number, value: Buffer.from(bytes.subarray(length.at, at)) });
  }
  return { options, end: at };
}

function extended(bytes: Buffer, at: number, nibble: number): { value: number; at: number } {
  if (nibble < 13) return { value: nibble, at };
  if (nibble === 15) throw new CoapError('a reserved option length');
  const more = nibble === 13 ? 1 : 2;
  if (at + more > bytes.length) throw new CoapError('an option is cut off');
  return { value: bytes.readUIntBE(at, more) + (nibble === 13 ? 13 : 269), at: at + more };
}

export function encode({ type, code, id, token, options, payload }: Message): Buffer {
  if (token.length > MAX_TOKEN) throw new CoapError(`a token of ${token.length} bytes`);
  const header = Buffer.alloc(4);
  header[0] = (VERSION << 6) | (TYPES.indexOf(type) << 4) | token.length;
  header[1] = code;
  header.writeUInt16BE(id, 2);
  return Buffer.concat([header, token, encodeBody(options, payload)]);
}

export function encodeBody(options: readonly CoapOption[], payload: Buffer): Buffer {
  const parts: Buffer[] = [];
  let before = 0;
  for (const { number, value } of [...options].sort((a, b) => a.number - b.number)) {
    const [delta, deltaMore] = shortened(number - before);
    const [length, lengthMore] = shortened(value.length);
    parts.push(Buffer.of((delta << 4) | length), deltaMore, lengthMore, value);
    before = number;
  }
  if (payload.length > 0) parts.push(Buffer.of(PAYLOAD_MARKER), payload);
  return Buffer.concat(parts);
}

function shortened(value: number): [nibble: number, more: Buffer] {
  if (value < 13) return [value, NOTHING];
  if (value < 269) return [13, Buffer.of(value - 13)];
  const more = Buffer.alloc(2);
  more.writeUInt16BE(value - 269);
  return [14, more];
}

/** RFC 7252, 3.2: as few bytes as the number needs. */
export function uint(number: number, value: number): CoapOption {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const first = bytes.findIndex((b) => b !== 0);
  return { number, value: first < 0 ? NOTHING : bytes.subarray(first) };
}

/** Undefined when the message has no such option, or one that is no number of at most four bytes. */
export function uintOf({ options }: Pick<Message, 'options'>, number: number): number | undefined {
  const value = options.find((o) => o.number === number)?.value;
  if (value === undefined || value.length > 4) return undefined;
  return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
}

export const textsOf = ({ options }: Pick<Message, 'options'>, number: number): string[] =>
  options.filter((o) => o.number === number).map((o) => o.value.toString('utf8'));

/** `/a/b?c=d` as options. */
export function uriOptions(path: string): CoapOption[] {
  const [place = '', query] = path.split('?', 2);
  const of = (number: number, text: string): CoapOption => ({ number, value: Buffer.from(decodeURIComponent(text)) });
  const steps = place.split('/').filter((step) => step !== '');
  return [
    ...steps.map((step) => of(OPTION.uriPath, step)),
    ...(query?.split('&') ?? []).map((part) => of(OPTION.uriQuery, part)),
  ];
}

/** Odd numbers must be understood or the message refused (RFC 7252, 5.4.1). */
export const unknownCritical = ({ options }: Message, known: ReadonlySet<number>): number | undefined =>
  options.find(({ number }) => number % 2 === 1 && !known.has(number))?.number;
