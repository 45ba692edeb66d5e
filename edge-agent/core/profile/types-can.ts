/** What a profile says of CAN buses, devices and points. */
import { type Order } from './types';

/** Of a connection with protocol can. host and port beside it: the far end of a udp tunnel. */
export interface CanConnectionSection {
  readonly link: 'udp' | 'slcan' | 'candump';
  /** udp: own end of the tunnel. */
  readonly listen?: string;
  readonly listen_port?: number;
  /** slcan: bits a second on the bus. */
  readonly bitrate?: number;
  /** slcan: whether the converter answers each line. */
  readonly answers?: boolean;
  /** candump: a log of frames. */
  readonly file?: string;
  /** candump: how much faster than it was recorded; 0 for as fast as it can be taken. */
  readonly speed?: number;
  readonly loop?: boolean;
  /** Own address with J1939. */
  readonly address?: number;
}

export interface CanDeviceSection {
  /** J1939 address. */
  readonly source?: number;
  readonly silence_ms?: number;
}

/** Where a signal lies, as a DBC file says it. */
export interface CanSignalSection {
  /** Of the frame; 29 bits above 0x7ff, or with extended. */
  readonly id?: number;
  readonly extended?: boolean;
  /** Instead of an id: J1939. */
  readonly pgn?: number;
  /** The lowest bit with order little, the highest with big. */
  readonly start: number;
  readonly length: number;
  readonly order?: Order;
  readonly format?: SignalFormat;
  /** The signal is there only while every selector has one of its values. */
  readonly when?: readonly SelectorSection[];
  /** Bytes of the frame when it is sent. */
  readonly bytes?: number;
}

export type SignalFormat = 'unsigned' | 'signed' | 'float';

export interface SelectorSection {
  readonly start: number;
  readonly length: number;
  readonly order?: Order;
  /** From and to, both included. */
  readonly values: readonly (readonly [from: number, to: number])[];
}

export interface CanPointSection extends CanSignalSection {
  /** Text by raw value. */
  readonly values?: Readonly<Record<string, string>>;
  /** Of J1939: no raw value stands for an error or for "not available". */
  readonly full_range?: boolean;
  /** Of J1939: ask for the PGN each scan_ms. */
  readonly request?: boolean;
  /** What is sent to write; absent: the signal that is read. */
  readonly write?: CanSignalSection;
}
