/** What time is on a serial line: characters, silence between frames, and how much of it a plan asks for. Pure. */
import { encodeRequest, responseBytes } from './codec/pdu';
import { type PlannedRead } from './plan';
import { type ModbusConnectionSettings, type SerialSettings } from './settings';

/** Unit and CRC. */
const RTU_BYTES = 3;
/** Modbus over Serial Line V1.02, 2.5.1.1: above this rate the silence is a fixed time. */
const FIXED_SILENCE_BAUD = 19_200;
const FIXED_SILENCE_MS = 1.75;
const SILENCE_CHARS = 3.5;
/** UARTs hand over up to 16 characters at once, and USB adapters what came within 16 ms: such gaps are not on the wire. */
const BUFFERED_CHARS = 20;
const BUFFERED_MS = 50;

/** Start, data, parity and stop bits. */
export function char_ms({ baud_rate, data_bits, parity, stop_bits }: SerialSettings): number {
  return ((1 + data_bits + (parity === 'none' ? 0 : 1) + stop_bits) * 1_000) / baud_rate;
}

/** Silence that must go before every frame. */
export function silence_ms(serial: SerialSettings): number {
  return serial.baud_rate > FIXED_SILENCE_BAUD ? FIXED_SILENCE_MS : SILENCE_CHARS * char_ms(serial);
}

/** Silence after which no more of a frame will come. */
export function brokenOff_ms(serial: SerialSettings): number {
  return Math.max(BUFFERED_MS, BUFFERED_CHARS * char_ms(serial));
}

/** Time one read takes of the line, the device's own thinking left out. */
export function read_ms({ fn, address, count }: PlannedRead, serial: SerialSettings, pause_ms: number): number {
  const request = { fn, address, count };
  const bytes = encodeRequest(request).length + responseBytes(request) + 2 * RTU_BYTES;
  return bytes * char_ms(serial) + 2 * silence_ms(serial) + pause_ms;
}

/** Share of its time that the reads ask of a line, 1 being all of it; undefined where the line is not serial. */
export function lineLoad(reads: readonly PlannedRead[], settings: ModbusConnectionSettings): number | undefined {
  const { endpoint, pause_ms } = settings;
  if (endpoint.kind !== 'serial') return undefined;
  return reads.reduce((load, r) => load + read_ms(r, endpoint.serial, pause_ms) / r.scan_ms, 0);
}
