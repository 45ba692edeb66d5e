/** The plant as Modbus sees it: who answers at which unit, table and address. See deploy/local/profiles/demo.yaml. */
import { boilerAt, meterAt, type PlantOrder, type PlantState, pumpAt } from './process';

export const UNITS = { boiler: 1, pump: 2, meter: 3 } as const;
/** Units from here on are for load tests: 65,536 registers each, moving with time. */
export const FIRST_LOAD_UNIT = 10;
export const SERIAL_NUMBER = 'MR-350-000417';

export type Table = 'coil' | 'discrete-input' | 'holding-register' | 'input-register';

/** Modbus exception 2: the address does not exist. */
export class IllegalAddress extends Error {
  readonly modbusErrorCode = 2;
}

/** Modbus exception 3: the value is not allowed. */
export class IllegalValue extends Error {
  readonly modbusErrorCode = 3;
}

/** A unit's whole table as it is now. Registers are 0 to 65535, bits 0 or 1. Undefined: no such table there. */
export function tableAt(state: PlantState, unit: number, table: Table, now: number): Uint16Array | undefined {
  if (unit === UNITS.boiler) return boilerTable(state, table, now);
  if (unit === UNITS.pump) return pumpTable(state, table, now);
  if (unit === UNITS.meter && table === 'input-register') return meterTable(now);
  return undefined;
}

/** Throws IllegalAddress when the range is not all there. */
export function readRange(
  state: PlantState,
  unit: number,
  table: Table,
  address: number,
  count: number,
  now: number,
): number[] {
  if (unit >= FIRST_LOAD_UNIT) return loadRange(unit, address, count, now);
  const whole = tableAt(state, unit, table, now);
  if (!whole || address + count > whole.length)
    throw new IllegalAddress(`unit ${unit} ${table} ${address}+${count} does not exist`);
  return Array.from(whole.subarray(address, address + count));
}

/** What a written register or coil asks of the plant. Throws IllegalAddress or IllegalValue. */
export function orderOf(unit: number, table: 'coil' | 'holding-register', address: number, value: number): PlantOrder {
  const at = `${unit} ${table} ${address}`;
  switch (at) {
    case `${UNITS.boiler} holding-register 0`:
      return { kind: 'setpoint', value: within(signed(value) / 10, 20, 95) };
    case `${UNITS.boiler} coil 0`:
      return { kind: 'burner', on: value !== 0 };
    case `${UNITS.pump} holding-register 0`:
      return { kind: 'speed-setpoint', value: within(value, 0, 3_000) };
    case `${UNITS.pump} coil 0`:
      return { kind: 'run', on: value !== 0 };
    default:
      throw new IllegalAddress(`unit ${at} cannot be written`);
  }
}

function boilerTable(state: PlantState, table: Table, now: number): Uint16Array {
  const b = boilerAt(state, now);
  switch (table) {
    case 'coil':
      return Uint16Array.of(Number(state.burner));
    case 'discrete-input':
      return Uint16Array.of(Number(b.flame));
    case 'input-register':
      return Uint16Array.of(
        tenths(b.temperature_cel),
        Math.round(b.pressure_bar * 1_000),
        ...float(b.flue_cel),
        Math.round(b.valve_percent * 100),
      );
    case 'holding-register': {
      const registers = new Uint16Array(108);
      registers[0] = tenths(state.setpoint);
      registers.set(text(SERIAL_NUMBER, 8), 100);
      return registers;
    }
  }
}

function pumpTable(state: PlantState, table: Table, now: number): Uint16Array {
  const p = pumpAt(state, now);
  switch (table) {
    case 'coil':
      return Uint16Array.of(Number(state.run));
    case 'discrete-input':
      return Uint16Array.of(Number(p.running));
    case 'input-register': {
      const [high = 0, low = 0] = float(p.flow_m3h);
      return Uint16Array.of(Math.round(p.speed_rpm), low, high, Math.round(p.current_a * 100), 0);
    }
    case 'holding-register':
      return Uint16Array.of(state.speedSetpoint);
  }
}

function meterTable(now: number): Uint16Array {
  const m = meterAt(now);
  const energy = Buffer.alloc(8);
  energy.writeBigUInt64BE(m.energy_wh);
  const words = [0, 2, 4, 6].map((o) => energy.readUInt16BE(o));
  return Uint16Array.of(...words, ...float(m.power_w), ...m.voltages_v.map(tenths), Math.round(m.frequency_hz * 100));
}

function loadRange(unit: number, address: number, count: number, now: number): number[] {
  const seconds = Math.floor(now / 1_000);
  return Array.from({ length: count }, (_, i) => (seconds + unit * 31 + (address + i) * 7) & 0xffff);
}

const tenths = (n: number): number => Math.round(n * 10) & 0xffff;
const signed = (n: number): number => (n << 16) >> 16;

function within(n: number, low: number, high: number): number {
  if (n < low || n > high) throw new IllegalValue(`${n} is not ${low} to ${high}`);
  return n;
}

function float(n: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(n);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}

function text(s: string, registers: number): number[] {
  const bytes = Buffer.concat([Buffer.from(s, 'latin1')], 2 * registers);
  return Array.from({ length: registers }, (_, i) => bytes.readUInt16BE(2 * i));
}
