/**
 * Whether the tagged data of a service is what it says it is (ASHRAE 135, clause 20.2.1): every length within the message,
 * every opening tag closed, and nothing but plain values where values are. Pure. The library under us takes lengths of up to 4 GB
 * for what they say, and goes round for ever in tagged data where it expects a plain value of some properties.
 *   tag = number(4 bits) class(1) length(3) [number when 15] [length 1, 2 or 4 when 5] content
 */

const EXTENDED_NUMBER = 15;
const CONTEXT = 0x08;
const EXTENDED_LENGTH = 5;
const OPENING = 6;
const CLOSING = 7;
const BOOLEAN = 1;
/** Of the application, object-identifier is the last. */
const LAST_TYPE = 12;
/** Lists in lists; what the services in use have is four. */
const MAX_DEPTH = 16;

/** `values`: the opening tags, one in the other, between which are plain values; absent: nowhere. */
export function isWellFormed(data: Buffer, values: readonly number[] = []): boolean {
  const open: number[] = [];
  for (let at = 0; at < data.length;) {
    const first = data.readUInt8(at++);
    let number = first >> 4;
    if (number === EXTENDED_NUMBER) number = data[at++] ?? -1;
    if (number < 0) return false;
    const kind = first & 0x07;
    const isContext = (first & CONTEXT) !== 0;
    if (!isContext && number > LAST_TYPE) return false;
    const isValue = values.length > 0 && open.length === values.length && values.every((tag, i) => tag === open[i]);
    if (isValue && isContext && kind !== CLOSING) return false;
    if (isContext && kind === OPENING) {
      if (open.push(number) > MAX_DEPTH) return false;
      continue;
    }
    if (isContext && kind === CLOSING) {
      if (open.pop() !== number) return false;
      continue;
    }
    if (kind > EXTENDED_LENGTH) return false;
    // A boolean of the application has its value where others have their length.
    if (!isContext && number === BOOLEAN) continue;
    const content = contentOf(data, at, kind);
    if (!content || content.end > data.length) return false;
    at = content.end;
  }
  return open.length === 0;
}

function contentOf(data: Buffer, at: number, kind: number): { readonly end: number } | undefined {
  if (kind < EXTENDED_LENGTH) return { end: at + kind };
  const short = data[at];
  if (short === undefined) return undefined;
  if (short < 254) return { end: at + 1 + short };
  const octets = short === 254 ? 2 : 4;
  if (at + 1 + octets > data.length) return undefined;
  return { end: at + 1 + octets + data.readUIntBE(at + 1, octets) };
}
