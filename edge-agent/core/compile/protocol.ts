/** What the compiler must know of a protocol. Each adapter brings its own; the composition root hands them in. */
import { type Issue } from '../profile/problem';
import { type ConnectionSection, type PointSection, type PointType } from '../profile/types';
import { type ConnectionPlan, type PointKind } from './plan';
import { type ResolvedDevice } from './resolve';

export interface ProtocolRules {
  readonly protocols: readonly string[];
  /** Key of connections, devices and points that only this protocol reads. */
  readonly section?: 'opcua' | 'bacnet' | 'can' | 'mqtt' | 'sparkplug' | 'http' | 'coap' | 'mqtt_listener' | 'amqp';
  kind(point: PointSection): PointKind;
  /** The point is a method: commands give it a list of arguments. Absent: the protocol has none. */
  isMethod?(point: PointSection): boolean;
  /** The point may have nothing to say for any time, such as an event. Absent: all of them are read or told at once. */
  isSpontaneous?(point: PointSection): boolean;
  /** Issues with paths inside the connection. */
  checkConnection(connection: ConnectionSection): readonly Issue[];
  /** Issues with paths inside the point. */
  checkPoint(point: PointSection, device: ResolvedDevice, connection: ConnectionSection): readonly Issue[];
  /** What the adapter's factory wants as `settings` and `source`. */
  connectionSettings(connection: ConnectionSection): unknown;
  deviceSettings(device: ResolvedDevice, connection: ConnectionSection): unknown;
  pointSource(point: PointSection, device: ResolvedDevice): unknown;
  /** Requests of one round, and on a serial line the share of its time they take, %. Absent: the field sends by itself. */
  load?(connection: ConnectionPlan): { readonly requests: number; readonly load_percent?: number };
}

/** What a reading of a point of this type is. */
export function kindOfType(type: PointType | undefined): PointKind {
  switch (type) {
    case 'bool':
      return 'boolean';
    case 'string':
      return 'text';
    case 'int64':
    case 'uint64':
      return 'int64';
    default:
      return 'number';
  }
}

/** Of a section that lacks something, in words what. */
export const missing = (expected: string): Issue => ({ path: [], value: undefined, expected });

export function rulesFor(protocols: readonly ProtocolRules[], protocol: string): ProtocolRules {
  const rules = protocols.find((p) => p.protocols.includes(protocol));
  if (!rules) throw new Error(`no adapter speaks ${protocol}`);
  return rules;
}

/** A section that another protocol reads is a mistake of the profile's author, not something to pass over. */
export function foreignSections(
  protocols: readonly ProtocolRules[],
  protocol: string,
  section: ConnectionSection | PointSection,
): Issue[] {
  const own = rulesFor(protocols, protocol).section;
  return protocols.flatMap(({ section: key }) =>
    key === undefined || key === own || section[key] === undefined
      ? []
      : [{ path: [key], value: undefined, expected: `no ${key} section with protocol ${protocol}`, atKey: true }],
  );
}
