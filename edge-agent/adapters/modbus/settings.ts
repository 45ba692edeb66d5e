/** What the profile says of a Modbus line, device and point, defaults applied. */
import {
  type BackoffSection,
  type ConnectionSection,
  type LimitsSection,
  type Order,
  type PointSection,
  type PointType,
  type SerialSection,
  type Table,
  type WriteWith,
} from '../../core/profile/types';
import { type ResolvedDevice } from '../../core/compile/resolve';

/** Modbus Application Protocol V1.1b3, 6.3 and 6.1. */
export const MAX_READ_REGISTERS = 125;
export const MAX_READ_BITS = 2_000;

export type Limits = Required<LimitsSection>;
export type SerialSettings = Required<SerialSection>;

export interface ModbusConnectionSettings {
  readonly framing: 'mbap' | 'rtu';
  readonly endpoint:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'serial'; readonly serial: SerialSettings };
  readonly timeout_ms: number;
  readonly connect_timeout_ms: number;
  readonly in_flight: number;
  readonly pause_ms: number;
  readonly backoff: Required<BackoffSection>;
}

export interface ModbusDeviceSettings {
  readonly limits: Limits;
  readonly write_with: WriteWith;
}

export interface ModbusSource {
  readonly table: Table;
  readonly address: number;
  readonly type: PointType;
  /** Registers, or 1 in the tables of bits. */
  readonly count: number;
  /** Lowest bit of a bool or bits inside a register. */
  readonly bit: number;
  readonly bit_count: number;
  readonly word_order: Order;
  readonly byte_order: Order;
}

export const isBitTable = (table: Table): boolean => table === 'coil' || table === 'discrete-input';

const REGISTERS: Readonly<Record<Exclude<PointType, 'string'>, number>> = {
  bool: 1,
  bits: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

/** The rules refuse a point without table and address. */
export const placeOf = ({
  table = 'holding-register',
  address = 0,
}: PointSection): Pick<ModbusSource, 'table' | 'address'> => ({
  table,
  address,
});

export const typeOf = (p: PointSection): PointType => p.type ?? (isBitTable(placeOf(p).table) ? 'bool' : 'uint16');

export function registersOf(p: PointSection): number {
  const type = typeOf(p);
  return type === 'string' ? (p.length ?? 1) : REGISTERS[type];
}

export function connectionSettings(c: ConnectionSection): ModbusConnectionSettings {
  return {
    framing: c.protocol === 'modbus-tcp' ? 'mbap' : 'rtu',
    endpoint:
      c.protocol === 'modbus-rtu'
        ? { kind: 'serial', serial: serialSettings(c.serial) }
        : { kind: 'tcp', host: c.host ?? '', port: c.port ?? 502 },
    timeout_ms: c.timeout_ms ?? 1_000,
    connect_timeout_ms: c.connect_timeout_ms ?? 5_000,
    in_flight: c.in_flight ?? 1,
    pause_ms: c.pause_ms ?? 0,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

function serialSettings(s: SerialSection | undefined): SerialSettings {
  return { device: '', baud_rate: 9_600, parity: 'even', data_bits: 8, stop_bits: 1, rts: 'leave', ...s };
}

export function limitsOf(device: ResolvedDevice, connection: ConnectionSection): Limits {
  const given = { ...connection.limits, ...device.settings.limits };
  return {
    registers: Math.min(given.registers ?? MAX_READ_REGISTERS, MAX_READ_REGISTERS),
    bits: Math.min(given.bits ?? MAX_READ_BITS, MAX_READ_BITS),
    gap_registers: given.gap_registers ?? 16,
    gap_bits: given.gap_bits ?? 256,
  };
}

export function sourceOf(p: PointSection, device: ResolvedDevice): ModbusSource {
  return {
    ...placeOf(p),
    type: typeOf(p),
    count: registersOf(p),
    bit: p.bit ?? 0,
    bit_count: p.bit_count ?? 1,
    word_order: p.word_order ?? device.settings.word_order ?? 'big',
    byte_order: p.byte_order ?? device.settings.byte_order ?? 'big',
  };
}
