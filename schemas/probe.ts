/** What an agent is asked about a profile that is not in force, and what it answers: JSON within probe-order and probe-answer. */

/** Longest time an agent looks, ms. */
export const MAX_PROBE_MS = 30_000;
/** Of a request and of an answer, so that both pass a broker's usual bound of 1 MB. */
export const MAX_PROBE_BYTES = 900_000;
/** Variables of an agent's environment that a profile from the platform may use: the others hold secrets, or are not its business. */
export const OPEN_VARIABLE = /^PROFILE_/;

export interface ProbeRequest {
  /**
   * preview: every point of the draft is read. browse: what is behind one connection of it. test: whether that one can be had.
   * current: no draft, but what the agent works by.
   */
  readonly kind: 'preview' | 'browse' | 'test' | 'current';
  /** YAML; empty for current. */
  readonly profile: string;
  /** Of the draft. Preview: only its devices, all when empty. Browse and test: the one. */
  readonly connection: string;
  /** Browse: where to begin. OPC UA: a node. MQTT: a topic filter. Empty: everywhere. */
  readonly node: string;
  /** How long to wait for every point to be read, or to listen. */
  readonly wait_ms: number;
}

export interface PreviewValue {
  readonly device: string;
  readonly metric: string;
  /** Engineering value; a number that JSON cannot hold is text. */
  readonly value: number | string;
  readonly unit: string;
  readonly quality: string;
  /** RFC 3339. */
  readonly time: string;
}

/** A connection that gave nothing, and why. */
export interface Complaint {
  readonly connection: string;
  readonly reason: string;
}

export interface Preview {
  readonly kind: 'preview';
  readonly values: readonly PreviewValue[];
  /** Points that said nothing in time, device/metric. */
  readonly unread: readonly string[];
  readonly complaints: readonly Complaint[];
  /** Of the draft; more than there are values when the answer would have been too long. */
  readonly points: number;
}

/** As a profile has it, so that it can be put there; at least the metric. */
export interface FoundPoint {
  readonly metric: string;
  readonly [property: string]: unknown;
}

export interface FoundDevice {
  readonly id: string;
  readonly bacnet: {
    readonly instance: number;
    readonly address?: string;
    readonly mac?: number;
    readonly network?: number;
  };
}

export interface FoundTopic {
  readonly topic: string;
  /** Messages heard. */
  readonly messages: number;
  /** The last one as text, cut. */
  readonly sample: string;
  /** JSON pointers to single values in it; '' when the whole is one. */
  readonly values: readonly { readonly pointer: string; readonly type: 'number' | 'bool' | 'string' }[];
}

export interface Found {
  readonly kind: 'browse';
  readonly protocol: string;
  readonly points: readonly FoundPoint[];
  readonly devices: readonly FoundDevice[];
  readonly topics: readonly FoundTopic[];
  /** What nothing can be made of, with the reason. */
  readonly left_out: readonly string[];
  /** There is more than fits. */
  readonly cut: boolean;
}

/** Whether a connection can be had, asked before there are devices or points. */
export interface Tested {
  readonly kind: 'test';
  readonly connection: string;
  readonly protocol: string;
  readonly reached: boolean;
  /** Why not, causes included; '' when it was reached. */
  readonly reason: string;
  /** Until it was reached or refused, ms. */
  readonly took_ms: number;
}

/** What the agent works by: a draft begins there, and is compared with it. */
export interface Current {
  readonly kind: 'current';
  /** A file of its own, or what the platform desired. */
  readonly source: 'file' | 'platform';
  /** YAML as it is written, variables not filled in. */
  readonly profile: string;
}

export type ProbeResult = Preview | Found | Tested | Current;
