/** A profile after validation against profile.schema.json: the shape, with defaults not yet applied. */
import { type AmqpConnectionSection, type AmqpDeviceSection, type AmqpPointSection } from './types-amqp';
import { type BacnetConnectionSection, type BacnetDeviceSection, type BacnetPointSection } from './types-bacnet';
import { type CoapConnectionSection, type CoapDeviceSection, type CoapPointSection } from './types-coap';
import { type CanConnectionSection, type CanDeviceSection, type CanPointSection } from './types-can';
import { type HttpConnectionSection, type HttpDeviceSection, type HttpPointSection } from './types-http';
import { type MqttConnectionSection, type MqttDeviceSection, type MqttPointSection } from './types-mqtt';
import { type MqttListenerConnectionSection, type MqttListenerDeviceSection } from './types-mqtt-listener';
import { type MqttListenerPointSection } from './types-mqtt-listener';
import { type OpcUaConnectionSection, type OpcUaPointSection } from './types-opcua';
import {
  type SparkplugConnectionSection,
  type SparkplugDeviceSection,
  type SparkplugPointSection,
} from './types-sparkplug';

export interface Profile {
  readonly agent: AgentSection;
  readonly connections: readonly ConnectionSection[];
  readonly models?: Readonly<Record<string, ModelSection>>;
  readonly devices: readonly DeviceSection[];
  /** Rules that look at several devices; each belongs to one. */
  readonly rules?: readonly (RuleSection & { readonly device: string })[];
  readonly geofences?: GeofencesSection;
}

export interface GeofencesSection {
  /** GeoJSON FeatureCollection beside the profile; its features come after those given here. */
  readonly file?: string;
  readonly features?: readonly FenceFeature[];
  /** Unless a feature's properties say otherwise. */
  readonly time_ms?: number;
  readonly distance_m?: number;
  readonly dwell_ms?: number;
}

/** A GeoJSON feature as it comes, not yet looked at. */
export interface FenceFeature {
  readonly id?: string | number;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly geometry?: { readonly type?: string; readonly coordinates?: unknown } | null;
}

export interface AgentSection {
  readonly id: string;
  readonly tenant?: string;
  readonly path?: string;
  readonly heartbeat_ms?: number;
  readonly outbox?: { readonly telemetry_mb?: number; readonly priority_mb?: number };
  readonly frame?: { readonly max_age_ms?: number; readonly max_readings?: number };
  readonly reporting?: ReportingSection;
}

export type Protocol =
  | 'modbus-tcp'
  | 'modbus-rtu-over-tcp'
  | 'modbus-rtu'
  | 'opcua'
  | 'bacnet'
  | 'can'
  | 'mqtt'
  | 'mqtt-listener'
  | 'sparkplug-b'
  | 'http'
  | 'coap'
  | 'amqp'
  | 'amqp-0-9-1';

export interface ConnectionSection {
  readonly name: string;
  readonly protocol: Protocol;
  readonly host?: string;
  readonly port?: number;
  readonly serial?: SerialSection;
  readonly timeout_ms?: number;
  readonly connect_timeout_ms?: number;
  readonly in_flight?: number;
  /** Quiet time between an answer and the next request, ms. */
  readonly pause_ms?: number;
  readonly backoff?: BackoffSection;
  readonly limits?: LimitsSection;
  readonly mqtt?: MqttConnectionSection;
  readonly sparkplug?: SparkplugConnectionSection;
  readonly http?: HttpConnectionSection;
  readonly coap?: CoapConnectionSection;
  readonly mqtt_listener?: MqttListenerConnectionSection;
  readonly opcua?: OpcUaConnectionSection;
  readonly bacnet?: BacnetConnectionSection;
  readonly can?: CanConnectionSection;
  readonly amqp?: AmqpConnectionSection;
}

export interface SerialSection {
  readonly device: string;
  readonly baud_rate?: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly data_bits?: 7 | 8;
  readonly stop_bits?: 1 | 2;
  readonly rts?: 'leave' | 'high' | 'low' | 'high-to-send' | 'low-to-send' | 'flow-control';
}

export interface BackoffSection {
  readonly initial_ms?: number;
  readonly max_ms?: number;
}

/** What one request may ask for. */
export interface LimitsSection {
  readonly registers?: number;
  readonly bits?: number;
  /** Unwanted registers read to join two points in one request. */
  readonly gap_registers?: number;
  readonly gap_bits?: number;
}

export type WriteWith = 'auto' | 'multiple' | 'read-write';

/** Settings a model may give and a device may override. */
export interface DeviceDefaults {
  readonly scan_ms?: number;
  readonly word_order?: Order;
  readonly byte_order?: Order;
  readonly write_with?: WriteWith;
  /** URI of the namespace of nodes that name none; opcua. */
  readonly namespace?: string;
  readonly limits?: LimitsSection;
  readonly points?: readonly PointSection[];
  readonly points_csv?: string;
  /** DBC file: every signal is a point; one of the same metric in points says more of it. */
  readonly points_dbc?: string;
  readonly commands?: readonly CommandSection[];
  readonly rules?: readonly RuleSection[];
  readonly position?: PositionSection;
  readonly reporting?: ReportingSection;
  readonly mqtt?: MqttDeviceSection;
  readonly amqp?: AmqpDeviceSection;
}

export interface ReportingSection {
  readonly mode?: 'all' | 'anomalies';
  readonly summary_ms?: number;
  readonly before_ms?: number;
  readonly after_ms?: number;
}

/** Metrics that say where a device is. */
export interface PositionSection {
  readonly latitude: string;
  readonly longitude: string;
}

export interface ModelSection extends DeviceDefaults {
  readonly description?: string;
}

export interface DeviceSection extends DeviceDefaults {
  readonly id: string;
  readonly connection: string;
  readonly unit?: number;
  readonly bacnet?: BacnetDeviceSection;
  readonly can?: CanDeviceSection;
  readonly path?: string;
  readonly model?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly sparkplug?: SparkplugDeviceSection;
  readonly http?: HttpDeviceSection;
  readonly coap?: CoapDeviceSection;
  readonly mqtt_listener?: MqttListenerDeviceSection;
}

export type Table = 'coil' | 'discrete-input' | 'holding-register' | 'input-register';
export type Order = 'big' | 'little';

export const POINT_TYPES = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
  'string',
  'bits',
] as const;
export type PointType = (typeof POINT_TYPES)[number];

export interface ScaleSection {
  readonly factor?: number;
  readonly offset?: number;
  readonly raw_low?: number;
  readonly raw_high?: number;
  readonly low?: number;
  readonly high?: number;
}

export interface DeadbandSection {
  readonly absolute?: number;
  /** Of the span from low to high. */
  readonly percent?: number;
  readonly heartbeat_ms?: number;
}

export interface PointSection {
  readonly metric: string;
  /** Modbus. */
  readonly table?: Table;
  readonly address?: number;
  /** OPC UA: nsu=<namespace URI>;s=<name>, or s=, i=, g=, b= in the device's namespace. */
  readonly node?: string;
  readonly opcua?: OpcUaPointSection;
  /** BACnet: type,instance */
  readonly object?: string;
  readonly bacnet?: BacnetPointSection;
  readonly can?: CanPointSection;
  readonly type?: PointType;
  /** Registers of a string. */
  readonly length?: number;
  /** Lowest bit of a bool or bits inside a register, 0 the least significant. */
  readonly bit?: number;
  readonly bit_count?: number;
  readonly word_order?: Order;
  readonly byte_order?: Order;
  readonly scale?: ScaleSection;
  readonly unit?: string;
  readonly source_unit?: string;
  readonly deadband?: number | DeadbandSection;
  readonly reporting?: ReportingSection;
  readonly scan_ms?: number;
  readonly writable?: boolean;
  readonly description?: string;
  readonly low?: number;
  readonly high?: number;
  readonly mqtt?: MqttPointSection;
  readonly sparkplug?: SparkplugPointSection;
  readonly http?: HttpPointSection;
  readonly coap?: CoapPointSection;
  readonly mqtt_listener?: MqttListenerPointSection;
  readonly amqp?: AmqpPointSection;
}

export type Literal = number | boolean | string;

export interface CommandSection {
  readonly name: string;
  readonly description?: string;
  readonly args?: readonly ArgSection[];
  readonly writes: readonly WriteSection[];
  readonly verify?: 'read-back' | 'none' | readonly VerifySection[];
  readonly within_ms?: number;
}

export interface WriteSection {
  readonly metric: string;
  /** A list: the arguments of a method. */
  readonly value: Literal | readonly Literal[];
}

export interface ArgSection {
  readonly name: string;
  readonly type?: 'number' | 'integer' | 'boolean' | 'text';
  readonly unit?: string;
  readonly description?: string;
  readonly min?: number;
  readonly max?: number;
  readonly default?: Literal;
}

export interface VerifySection {
  readonly metric: string;
  readonly value: Literal;
  readonly tolerance?: number;
  readonly within_ms?: number;
}

export interface RuleSection {
  readonly name: string;
  readonly description?: string;
  /** CEL. */
  readonly when: string;
  readonly clear?: string;
  readonly delay_on_ms?: number;
  readonly delay_off_ms?: number;
  readonly latch?: boolean;
  readonly unknown?: 'hold' | 'on' | 'off';
  readonly interlock?: { readonly commands?: readonly string[]; readonly rules?: readonly string[] };
  readonly then?: readonly ActionSection[];
  readonly otherwise?: readonly ActionSection[];
}

/** Exactly one of write, alarm, report. */
export interface ActionSection {
  readonly write?: string;
  readonly value?: Literal;
  /** CEL. */
  readonly value_of?: string;
  readonly verify?: 'read-back' | 'none';
  readonly tolerance?: number;
  readonly within_ms?: number;
  readonly per_minute?: number;
  readonly alarm?: string;
  readonly priority?: number;
  readonly message?: string;
  readonly report?: 'all' | readonly string[];
}
