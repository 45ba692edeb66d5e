/** Rules compiled: part of the agent's plan, immutable. */
import { type FieldValue } from '../../adapter';
import { type Expression } from './expression';

export interface WriteAction {
  /** Device and metric, of this agent. */
  readonly device: string;
  readonly metric: string;
  /** Engineering units; an expression is evaluated when the rule changes. */
  readonly value: FieldValue | Expression;
  /** False: the device's acknowledgement is enough. */
  readonly verify: boolean;
  readonly tolerance?: number;
  /** Longest wait for the read-back, ms. */
  readonly within_ms: number;
  /** Writes the point takes in a minute; beyond that only the last value wanted is written, when its time comes. */
  readonly per_minute: number;
}

export interface AlarmAction {
  readonly alarm: string;
  /** 1 critical .. 4 low */
  readonly priority: number;
  readonly message: string;
}

/** What an unknown condition does: leaves the rule as it is, or counts as true or false. */
export type OnUnknown = 'hold' | 'on' | 'off';

export interface RulePlan {
  /** device/name */
  readonly id: string;
  readonly device: string;
  readonly name: string;
  readonly description: string;
  readonly when: Expression;
  /** Absent: the rule ends when `when` is false. */
  readonly clear?: Expression;
  readonly delay_on_ms: number;
  readonly delay_off_ms: number;
  /** Stays on until reset by command. */
  readonly latch: boolean;
  readonly unknown: OnUnknown;
  /** What it keeps from happening while it is on: device/command, and ids of rules whose writes wait. */
  readonly blocks: { readonly commands: readonly string[]; readonly rules: readonly string[] };
  readonly writes: { readonly on: readonly WriteAction[]; readonly off: readonly WriteAction[] };
  readonly alarms: readonly AlarmAction[];
  /** Metrics of its device that are reported raw while it is on. */
  readonly report: readonly string[];
}
