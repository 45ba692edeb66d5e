import { type Mbap } from './mbap';
import { type Rtu } from './rtu';

/** One unit's PDU as it came off the wire. */
export interface Inbound {
  /** Absent in RTU: the only request under way is meant. */
  readonly transaction?: number;
  readonly unit: number;
  /** A view that is valid until the next feed. */
  readonly pdu: Buffer;
}

export type FramingErrorCode = 'not-modbus' | 'checksum';

/** The byte stream cannot be followed any further (`not-modbus`), or one frame of it is damaged (`checksum`). */
export class FramingError extends Error {
  constructor(
    readonly code: FramingErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'FramingError';
  }
}

export type Framing = Mbap | Rtu;
