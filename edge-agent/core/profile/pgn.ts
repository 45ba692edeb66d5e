/**
 * Identifiers of J1939: 29 bits, priority (3), extended data page and data page (1 each), PDU format (8), PDU specific (8),
 * source address (8). The parameter group number is what lies between priority and source.
 */

/** From this PDU format on PDU specific belongs to the PGN; below it is the address of a receiver. */
export const BROADCAST_FORMAT = 240;

export const pgnOf = (id: number): number => {
  const pgn = (id >>> 8) & 0x3ffff;
  return ((pgn >>> 8) & 0xff) < BROADCAST_FORMAT ? pgn & 0x3ff00 : pgn;
};
