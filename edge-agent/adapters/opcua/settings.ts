/** What the profile says of an OPC UA server, device and point, defaults applied. */
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import {
  type OpcUaConnectionSection,
  type OpcUaEventSection,
  type OpcUaUserSection,
} from '../../core/profile/types-opcua';

export type Policy = NonNullable<OpcUaConnectionSection['policy']>;
export type Mode = NonNullable<OpcUaConnectionSection['mode']>;

export interface OpcUaSettings {
  readonly endpoint: string;
  readonly policy: Policy;
  readonly mode: Mode;
  /** Absent with policy None: there is nothing to trust. */
  readonly pki?: string;
  /** Absent: anonymous. */
  readonly user?: OpcUaUserSection;
  /** Absent: the shortest scan time of the points. */
  readonly publishing_ms?: number;
  readonly session_timeout_ms: number;
  readonly timeout_ms: number;
  readonly connect_timeout_ms: number;
  readonly backoff: Required<BackoffSection>;
}

export interface OpcUaSource {
  readonly node: NodeName;
  readonly queue_size: number;
  readonly deadband?: { readonly kind: 'absolute' | 'percent'; readonly value: number };
  readonly history: boolean;
  /** The events the node notifies of, not its value. */
  readonly event?: EventSource;
  /** The node is a method of this object. */
  readonly method_of?: NodeName;
}

/** Names below the type of an event. */
export interface FieldPath {
  readonly namespace: string;
  readonly names: readonly string[];
}

/** Which events, and what of them. */
export interface EventSource {
  /** Browse path below the type of the event, such as ActiveState/Id */
  readonly field: FieldPath;
  readonly type?: NodeName;
  readonly min_severity?: number;
  /** SourceName and ConditionName the event must have. */
  readonly source?: string;
  readonly condition?: string;
}

/** A node by the URI of its namespace: indexes are the server's, and change when it is restarted or extended. */
export interface NodeName {
  readonly namespace: string;
  /** Such as s=Boiler.Temperature, i=2258 */
  readonly id: string;
}

export const UA_NAMESPACE = 'http://opcfoundation.org/UA/';
export const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_SESSION_TIMEOUT_MS = 60_000;
const DEFAULT_QUEUE_SIZE = 10;
const DEFAULT_EVENT_QUEUE_SIZE = 1_000;
const GUID = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const NODE = new RegExp(`^(?:nsu=([^;]+);)?(i=\\d{1,10}|g=${GUID}|s=[^]+|b=[A-Za-z0-9+/=]+)$`);

/** Undefined: not the name of a node. */
export function nodeName(text: string, namespace: string | undefined): NodeName | undefined {
  const [, uri, id] = NODE.exec(text) ?? [];
  return id === undefined ? undefined : { namespace: uri ?? namespace ?? UA_NAMESPACE, id };
}

/** As it is written in a profile. */
export function nodeText({ namespace, id }: NodeName): string {
  return namespace === UA_NAMESPACE ? id : `nsu=${namespace};${id}`;
}

/** With the index the namespace has on this server now; undefined when it has no such namespace. */
export function nodeIdOf({ namespace, id }: NodeName, namespaces: readonly string[]): string | undefined {
  const index = namespaces.indexOf(namespace);
  return index < 0 ? undefined : `ns=${index};${id}`;
}

export function connectionSettings(c: ConnectionSection): OpcUaSettings {
  const policy = c.opcua?.policy ?? 'Basic256Sha256';
  return {
    endpoint: c.opcua?.endpoint ?? '',
    policy,
    mode: c.opcua?.mode ?? (policy === 'None' ? 'None' : 'SignAndEncrypt'),
    ...(c.opcua?.pki !== undefined && { pki: c.opcua.pki }),
    ...(c.opcua?.user && { user: c.opcua.user }),
    ...(c.opcua?.publishing_ms !== undefined && { publishing_ms: c.opcua.publishing_ms }),
    session_timeout_ms: c.opcua?.session_timeout_ms ?? DEFAULT_SESSION_TIMEOUT_MS,
    timeout_ms: c.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    connect_timeout_ms: c.connect_timeout_ms ?? DEFAULT_CONNECT_TIMEOUT_MS,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

/** `point` has passed the rules. */
export function sourceOf(point: PointSection, device: ResolvedDevice): OpcUaSource {
  const { queue_size, deadband, deadband_percent, history, event, method_of } = point.opcua ?? {};
  const named = (text: string): NodeName | undefined => nodeName(text, device.settings.namespace);
  const object = method_of === undefined ? undefined : named(method_of);
  const node = nodeName(point.node ?? '', device.settings.namespace);
  if (!node) throw new Error(`${point.metric}: ${point.node} is no node`);
  return {
    node,
    queue_size: queue_size ?? (event ? DEFAULT_EVENT_QUEUE_SIZE : DEFAULT_QUEUE_SIZE),
    ...(deadband !== undefined && { deadband: { kind: 'absolute', value: deadband } }),
    ...(deadband_percent !== undefined && { deadband: { kind: 'percent', value: deadband_percent } }),
    history: history ?? false,
    ...(event && { event: eventOf(event, named) }),
    ...(object && { method_of: object }),
  };
}

function eventOf(
  { field, namespace, type, ...rest }: OpcUaEventSection,
  named: (text: string) => NodeName | undefined,
): EventSource {
  const kind = type === undefined ? undefined : named(type);
  return {
    ...rest,
    field: { namespace: namespace ?? UA_NAMESPACE, names: field.split('/') },
    ...(kind && { type: kind }),
  };
}
