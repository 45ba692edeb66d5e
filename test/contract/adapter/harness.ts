/** What an adapter must bring to be held to the contract: itself, and a field that misbehaves on demand. */
import { type ConnectionPlan } from '../../../edge-agent/core/compile/plan';
import { type FieldAdapter, type FieldValue } from '../../../edge-agent/adapter';

/** The other side of the wire. Everything resolves when it is done. */
export interface Field {
  /** Gone: connections cut, nothing listens. */
  disappear(): Promise<void>;
  appear(): Promise<void>;
  /** Takes requests and does not answer. */
  fallSilent(): void;
  /** Answers with errors instead of values. */
  answerErrors(): void;
  /** Puts bytes on the wire that are not of the protocol. */
  sendGarbage(): void;
  /** Ends silence and errors. */
  behave(): void;
  /** What the writable point holds, as the field has it. */
  held(): FieldValue;
  /** Writes the field has taken. */
  writesTaken(): number;
  /** Connections of the adapter that are open. */
  connections(): number;
  /** Messages the field was acknowledged for; throws when the protocol acknowledges nothing. */
  acknowledged(): number;
}

export interface Rig {
  readonly adapter: FieldAdapter & { attempts(): number };
  readonly field: Field;
  /** Two devices; the first has the writable point. Both are read at least every 100 ms. */
  readonly devices: readonly [string, string];
  readonly writable: { readonly metric: string; readonly value: FieldValue; readonly other: FieldValue };
  /** A point of the first device that is not writable. */
  readonly readable: string;
  /** The connection with both devices, and with the first one alone. */
  readonly plans: { readonly both: ConnectionPlan; readonly first: ConnectionPlan };
  /** Longest wait before the next attempt to connect, ms. */
  readonly backoff_ms: number;
  dispose(): Promise<void>;
}

export interface Harness {
  /** Name of the folder under edge-agent/adapters. */
  readonly adapter: string;
  /** A variant of it, such as a framing. */
  readonly variant: string;
  /** Behaviours that do not apply, with the reason. One that would pass is stale and fails the suite. */
  readonly waivers: Readonly<Record<string, string>>;
  create(): Promise<Rig>;
}
