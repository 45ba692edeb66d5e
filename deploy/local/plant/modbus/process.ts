/** A small utility plant whose values follow from the clock and from what was written to it. Pure: time is data, in ms. */

/** Moves from one value towards another; three time constants later it is practically there. */
export interface Lag {
  readonly from: number;
  readonly target: number;
  readonly since: number;
  readonly tau_ms: number;
}

export function lagAt({ from, target, since, tau_ms }: Lag, now: number): number {
  return target + (from - target) * Math.exp(-Math.max(0, now - since) / tau_ms);
}

export function steer(lag: Lag, target: number, now: number): Lag {
  return { ...lag, from: lagAt(lag, now), target, since: now };
}

/** What survives a power cut of the plant. */
export interface PlantState {
  /** Cel */
  readonly setpoint: number;
  readonly burner: boolean;
  readonly temperature: Lag;
  /** 1/min */
  readonly speedSetpoint: number;
  readonly run: boolean;
  readonly speed: Lag;
}

export const AMBIENT_CEL = 18;
const BOILER_TAU_MS = 20_000;
const PUMP_TAU_MS = 600;

export function initialState(now: number): PlantState {
  return {
    setpoint: 65,
    burner: true,
    temperature: { from: 55, target: 65, since: now, tau_ms: BOILER_TAU_MS },
    speedSetpoint: 1_450,
    run: true,
    speed: { from: 0, target: 1_450, since: now, tau_ms: PUMP_TAU_MS },
  };
}

export type PlantOrder =
  | { readonly kind: 'setpoint'; readonly value: number }
  | { readonly kind: 'burner'; readonly on: boolean }
  | { readonly kind: 'speed-setpoint'; readonly value: number }
  | { readonly kind: 'run'; readonly on: boolean };

export function obey(state: PlantState, order: PlantOrder, now: number): PlantState {
  switch (order.kind) {
    case 'setpoint': {
      const target = state.burner ? order.value : AMBIENT_CEL;
      return { ...state, setpoint: order.value, temperature: steer(state.temperature, target, now) };
    }
    case 'burner': {
      const target = order.on ? state.setpoint : AMBIENT_CEL;
      return { ...state, burner: order.on, temperature: steer(state.temperature, target, now) };
    }
    case 'speed-setpoint': {
      const target = state.run ? order.value : 0;
      return { ...state, speedSetpoint: order.value, speed: steer(state.speed, target, now) };
    }
    case 'run': {
      const target = order.on ? state.speedSetpoint : 0;
      return { ...state, run: order.on, speed: steer(state.speed, target, now) };
    }
  }
}

export interface Boiler {
  readonly temperature_cel: number;
  readonly pressure_bar: number;
  readonly flue_cel: number;
  readonly valve_percent: number;
  readonly flame: boolean;
}

export function boilerAt(state: PlantState, now: number): Boiler {
  const temperature = lagAt(state.temperature, now) + 0.4 * wave(now, 37_000);
  const valve = state.burner ? clamp(12 + 6 * (state.setpoint - temperature) + 2 * wave(now, 11_000), 0, 100) : 0;
  return {
    temperature_cel: temperature,
    pressure_bar: 1.5 + temperature / 60 + 0.03 * wave(now, 13_000),
    flue_cel: AMBIENT_CEL + valve * 1.6 + temperature,
    valve_percent: valve,
    flame: valve > 5,
  };
}

export interface Pump {
  readonly speed_rpm: number;
  readonly flow_m3h: number;
  readonly current_a: number;
  readonly running: boolean;
}

export function pumpAt(state: PlantState, now: number): Pump {
  const speed = Math.max(0, lagAt(state.speed, now));
  const load = speed / 3_000;
  const flow = load * 24 + (load > 0.01 ? 0.2 * wave(now, 7_000) : 0);
  return { speed_rpm: speed, flow_m3h: Math.max(0, flow), current_a: 0.4 + 11 * load ** 3, running: speed > 10 };
}

export interface Meter {
  readonly energy_wh: bigint;
  readonly power_w: number;
  readonly voltages_v: readonly [number, number, number];
  readonly frequency_hz: number;
}

const METER_EPOCH_MS = Date.UTC(2024, 0, 1);
const METER_START_WH = 1_200_000_000;
const BASE_W = 42_000;
const SWING_W = 8_000;
const SWING_MS = 90_000;

/** Energy is the integral of the power shown: counters and gauges of the plant agree. */
export function meterAt(now: number): Meter {
  const hours = (now - METER_EPOCH_MS) / 3_600_000;
  const w = (2 * Math.PI) / (SWING_MS / 3_600_000);
  const energy = METER_START_WH + BASE_W * hours + (SWING_W / w) * (1 - Math.cos(w * hours));
  return {
    energy_wh: BigInt(Math.floor(energy)),
    power_w: BASE_W + SWING_W * Math.sin(w * hours),
    voltages_v: [230 + 1.5 * wave(now, 61_000), 231 + 1.2 * wave(now, 53_000), 229 + 1.8 * wave(now, 71_000)],
    frequency_hz: 50 + 0.03 * wave(now, 17_000),
  };
}

function wave(now: number, period_ms: number): number {
  return Math.sin((2 * Math.PI * (now % period_ms)) / period_ms);
}

const clamp = (n: number, low: number, high: number): number => Math.min(high, Math.max(low, n));
