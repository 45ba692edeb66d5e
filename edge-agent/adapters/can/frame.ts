/** A frame on a CAN bus, classic or FD. */

export interface CanFrame {
  /** 11 or 29 bits. */
  readonly id: number;
  readonly extended: boolean;
  /** Asks for data instead of carrying it. */
  readonly remote: boolean;
  readonly data: Buffer;
  /** ms since 1970, where the link says when it was on the bus. */
  readonly at?: number;
}

export const MAX_STANDARD_ID = 0x7ff;
export const MAX_EXTENDED_ID = 0x1fffffff;
export const MAX_FRAME_BYTES = 64;

/** Bytes that are no frame of a link. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}
