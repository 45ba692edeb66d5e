/** One session with a server, seen from the adapter: plain data in and out, every request ended once. */
import { type UaValue } from './codec';
import { type FieldPath, type OpcUaSettings } from './settings';

/** `service`: the server refused the request as a whole. */
export type LinkErrorKind = 'timeout' | 'closed' | 'service';

export class LinkError extends Error {
  constructor(
    readonly kind: LinkErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LinkError';
  }
}

/** Nodes the server takes in one request. */
export interface ServerLimits {
  readonly read: number;
  readonly monitor: number;
  readonly browse: number;
}

/** What is wanted of the events that a node notifies of. */
export interface EventRequest {
  readonly fields: readonly FieldPath[];
  /** Of this type and what is derived from it only. */
  readonly type?: string;
  readonly min_severity?: number;
}

export interface MonitorRequest {
  readonly node: string;
  readonly handle: number;
  readonly sampling_ms: number;
  readonly queue_size: number;
  readonly deadband?: { readonly kind: 'absolute' | 'percent'; readonly value: number };
  /** The events of the node instead of its value. */
  readonly event?: EventRequest;
}

export interface MonitorResult {
  readonly status: number;
  readonly id: number;
}

export interface Ack {
  readonly subscription: number;
  readonly sequence: number;
}

export interface Notification extends Ack {
  /** Without values, events and an end it only says that the subscription lives. */
  readonly values: readonly { readonly handle: number; readonly value: UaValue }[];
  /** Values in the order of the fields that were asked for. */
  readonly events: readonly { readonly handle: number; readonly fields: readonly UaValue[] }[];
  /** The server gave the subscription up, with this status. */
  readonly ended?: number;
}

export interface HistoryPage {
  readonly values: readonly UaValue[];
  readonly continuation?: Buffer;
}

/** One argument of a method, going in or coming out. */
export interface UaArgument {
  readonly name: string;
  /** Built-in type; 0 for one that is made of others. */
  readonly type: number;
  readonly array: boolean;
}

export interface UaSignature {
  readonly inputs: readonly UaArgument[];
  readonly outputs: readonly UaArgument[];
}

export interface UaAnswer {
  readonly status: number;
  readonly outputs: readonly UaValue[];
}

export interface UaNode {
  readonly node: string;
  readonly name: string;
  readonly isVariable: boolean;
}

export interface UaLink {
  readonly open: boolean;
  readonly namespaces: readonly string[];
  readonly limits: ServerLimits;
  /** Resolves with the reason when the session is of no more use. */
  readonly lost: Promise<Error>;
  read(nodes: readonly string[], timeout_ms: number): Promise<UaValue[]>;
  /** What a write to it must be, by its value or, without one, by its declaration. */
  typeOf(node: string, timeout_ms: number): Promise<{ type: number; array: boolean }>;
  /** The status of the write. */
  write(node: string, type: number, value: unknown, timeout_ms: number): Promise<number>;
  signature(method: string, timeout_ms: number): Promise<UaSignature>;
  call(
    object: string,
    method: string,
    args: readonly { readonly type: number; readonly value: unknown }[],
    timeout_ms: number,
  ): Promise<UaAnswer>;
  /** The conditions that hold now are told as events once more. False when the server has none. */
  refresh(subscription: number): Promise<boolean>;
  /** Id of a new subscription. */
  subscribe(publishing_ms: number): Promise<number>;
  /** Takes over a subscription of an earlier session: sequence numbers to be had again; undefined when it is gone. */
  transfer(subscription: number): Promise<readonly number[] | undefined>;
  monitor(subscription: number, items: readonly MonitorRequest[]): Promise<MonitorResult[]>;
  unmonitor(subscription: number, ids: readonly number[]): Promise<void>;
  /** Waits until the server has something to say. */
  publish(acks: readonly Ack[]): Promise<Notification>;
  /** A notification once more; undefined when the server has it no more. */
  republish(ack: Ack): Promise<Notification | undefined>;
  history(node: string, from: number, to: number, max: number, continuation?: Buffer): Promise<HistoryPage>;
  /** Children of a node by hierarchical references, all pages of them up to `max`. */
  browse(node: string, max: number): Promise<UaNode[]>;
  /** The session stays with the server for a while unless `forget`: its subscriptions can be taken over. */
  close(reason: Error, forget: boolean): Promise<void>;
}

export type OpenLink = (settings: OpcUaSettings, signal: AbortSignal) => Promise<UaLink>;
