/** Checksums of MS/TP (ASHRAE 135, annex G), computed bit by bit once into tables. Pure. */

const HEADER_INITIAL = 0xff;
const DATA_INITIAL = 0xffff;
/** X^8 + X^7 + 1 and X^16 + X^12 + X^5 + 1, both with the lowest bit first. */
const HEADER_POLYNOMIAL = 0x81;
const DATA_POLYNOMIAL = 0x8408;

function table(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

const HEADER = table(HEADER_POLYNOMIAL);
const DATA = table(DATA_POLYNOMIAL);

/** The octet that follows the header: its type, destination, source and length. */
export function headerCrc(bytes: Uint8Array): number {
  let crc = HEADER_INITIAL;
  for (const byte of bytes) crc = HEADER[(crc ^ byte) & 0xff] as number;
  return ~crc & 0xff;
}

/** The two octets that follow the data, the first the lower one. */
export function dataCrc(bytes: Uint8Array): number {
  let crc = DATA_INITIAL;
  for (const byte of bytes) crc = (crc >>> 8) ^ (DATA[(crc ^ byte) & 0xff] as number);
  return ~crc & 0xffff;
}
