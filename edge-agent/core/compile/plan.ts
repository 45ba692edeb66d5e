/** The profile compiled: what the agent runs on. Immutable; made once per profile by compile.ts. */
import { type FieldValue } from '../../adapter';
import { type FencePlan } from '../geofence/index';
import { type RulePlan } from '../rules/plan';

/** number: a double. int64: exact integer, bigint. text. boolean: travels as 0 or 1. */
export type PointKind = 'number' | 'int64' | 'text' | 'boolean';

/**
 * engineering = (raw * num + add) / den. A rational, so that decimal factors such as 0.1 round once:
 * 3 * 0.1 is 0.30000000000000004, 3 / 10 is 0.3.
 */
export interface Scale {
  readonly num: number;
  readonly add: number;
  readonly den: number;
}

/** Report only when the value moved by more than `band` engineering units, the quality changed, or heartbeat_ms passed. */
export interface ExceptionReport {
  readonly band: number;
  readonly heartbeat_ms: number;
}

/** What is reported besides, or instead of, single readings. */
export interface ReportingPlan {
  /** False: single readings only while a rule asks for them. */
  readonly raw: boolean;
  /** Period of summaries, ms; 0 for none. */
  readonly summary_ms: number;
  /** Readings not reported are kept this long, and reported when a rule asks, ms. */
  readonly before_ms: number;
  /** How long a rule's wish outlasts it, ms. */
  readonly after_ms: number;
}

export interface PointPlan {
  readonly metric: string;
  readonly kind: PointKind;
  readonly scan_ms: number;
  readonly writable: boolean;
  /** Absent: raw values are engineering values. */
  readonly scale?: Scale;
  /** Absent: every sample is reported. */
  readonly report?: ExceptionReport;
  /** Absent: nothing but single readings. */
  readonly reporting?: ReportingPlan;
  /** Engineering limits; outside them a reading is `outOfRange` and a write is refused. */
  readonly low?: number;
  readonly high?: number;
  /** UCUM code, empty when none. */
  readonly unit: string;
  readonly source_unit: string;
  readonly description: string;
  /** What the protocol needs to reach the point, as the profile gives it; its adapter compiles it further. */
  readonly source: unknown;
}

export type Operand = { readonly arg: string } | { readonly literal: FieldValue };

export interface ArgPlan {
  readonly name: string;
  readonly type: 'number' | 'integer' | 'boolean' | 'text';
  readonly unit: string;
  readonly description: string;
  readonly min?: number;
  readonly max?: number;
  readonly default?: number | boolean | string;
}

/** Engineering value to be written to a point of the same device. */
export interface WritePlan {
  readonly metric: string;
  /** A list: the arguments of a method, which the point stands for. */
  readonly value: Operand | { readonly list: readonly Operand[] };
}

/** The point must read `value` (engineering, within `tolerance`) at most `within_ms` after the last write. */
export interface VerifyPlan {
  readonly metric: string;
  readonly value: Operand;
  /** Engineering units; absent: half a step of an integer register, 1e-6 of the value for floats, equality otherwise. */
  readonly tolerance?: number;
  readonly within_ms: number;
}

export interface CommandPlan {
  readonly name: string;
  readonly description: string;
  readonly args: readonly ArgPlan[];
  readonly writes: readonly WritePlan[];
  /** Empty: the device's acknowledgement is all there is. */
  readonly verify: readonly VerifyPlan[];
}

export interface DevicePlan {
  readonly id: string;
  readonly connection: string;
  readonly protocol: string;
  /** Address of the device on its connection, such as the Modbus unit id. */
  readonly unit: number;
  /** enterprise/site/area/line/cell */
  readonly path: string;
  readonly model: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly PointPlan[];
  readonly byMetric: ReadonlyMap<string, PointPlan>;
  readonly commands: ReadonlyMap<string, CommandPlan>;
  /** Metrics that say where it is, degrees; absent: it does not move. */
  readonly position?: { readonly latitude: string; readonly longitude: string };
  /** What the protocol needs of the device, as the profile gives it. */
  readonly settings: unknown;
}

export interface ConnectionPlan {
  readonly name: string;
  readonly protocol: string;
  readonly devices: readonly DevicePlan[];
  /** What the protocol needs of the connection, as the profile gives it. */
  readonly settings: unknown;
}

export interface AgentPlan {
  readonly agent_id: string;
  readonly tenant: string;
  readonly path: string;
  /** Longest silence between two signs of life of a connected device, ms. */
  readonly heartbeat_ms: number;
  /** A frame is closed when its oldest reading is this old, ms. */
  readonly frame_age_ms: number;
  /** A frame is closed when it holds this many readings. */
  readonly frame_readings: number;
  /** Disk each lane of the outbox may take, bytes. */
  readonly telemetry_bytes: number;
  readonly priority_bytes: number;
  readonly connections: readonly ConnectionPlan[];
  readonly devices: ReadonlyMap<string, DevicePlan>;
  readonly rules: readonly RulePlan[];
  readonly fences: readonly FencePlan[];
}
