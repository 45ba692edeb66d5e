/**
 * Bytes <-> record, pure. Bodies are Avro 1.11 binary; on the stream they are framed as Confluent does:
 * one zero byte, the schema id as four bytes big-endian, the body.
 */
import { type Type, types, Type as AvroType } from 'avsc';
import {
  agentProfileSchema,
  alarmSchema,
  apiKeySchema,
  auditEventSchema,
  campaignEventSchema,
  commandEventSchema,
  commandSchema,
  deadLetterReplaySchema,
  deadLetterSchema,
  definitionRequestSchema,
  definitionSchema,
  deviceEventSchema,
  deviceReplySchema,
  deviceRequestSchema,
  deviceStateSchema,
  identityEventSchema,
  outboxGapSchema,
  pointSchema,
  presenceSchema,
  probeAnswerSchema,
  probeOrderSchema,
  sessionEventSchema,
  telemetryFrameSchema,
  webhookSchema,
  type AgentProfile,
  type AlarmEvent,
  type ApiKey,
  type AuditEvent,
  type CampaignEvent,
  type Command,
  type CommandEvent,
  type DeadLetter,
  type DeadLetterReplay,
  type Definition,
  type DefinitionRequest,
  type DeviceEvent,
  type DeviceReply,
  type DeviceRequest,
  type DeviceState,
  type IdentityEvent,
  type OutboxGap,
  type Point,
  type Presence,
  type ProbeAnswer,
  type ProbeOrder,
  type SessionEvent,
  type TelemetryFrame,
  type Webhook,
} from './generated';
import { type EventName } from './topics';

export interface EventTypes {
  'telemetry-frame': TelemetryFrame;
  'device-request': DeviceRequest;
  'device-reply': DeviceReply;
  'device-event': DeviceEvent;
  'device-state': DeviceState;
  command: Command;
  'command-event': CommandEvent;
  'session-event': SessionEvent;
  presence: Presence;
  alarm: AlarmEvent;
  point: Point;
  'outbox-gap': OutboxGap;
  'dead-letter': DeadLetter;
  'dead-letter-replay': DeadLetterReplay;
  'agent-profile': AgentProfile;
  'api-key': ApiKey;
  'audit-event': AuditEvent;
  definition: Definition;
  'definition-request': DefinitionRequest;
  'campaign-event': CampaignEvent;
  'identity-event': IdentityEvent;
  webhook: Webhook;
  'probe-order': ProbeOrder;
  'probe-answer': ProbeAnswer;
}

/** Current schema of every event, as registered and as written. */
export const schemas: Readonly<Record<EventName, object>> = {
  'telemetry-frame': telemetryFrameSchema,
  'device-request': deviceRequestSchema,
  'device-reply': deviceReplySchema,
  'device-event': deviceEventSchema,
  'device-state': deviceStateSchema,
  command: commandSchema,
  'command-event': commandEventSchema,
  'session-event': sessionEventSchema,
  presence: presenceSchema,
  alarm: alarmSchema,
  point: pointSchema,
  'outbox-gap': outboxGapSchema,
  'dead-letter': deadLetterSchema,
  'dead-letter-replay': deadLetterReplaySchema,
  'agent-profile': agentProfileSchema,
  'api-key': apiKeySchema,
  'audit-event': auditEventSchema,
  definition: definitionSchema,
  'definition-request': definitionRequestSchema,
  'campaign-event': campaignEventSchema,
  'identity-event': identityEventSchema,
  webhook: webhookSchema,
  'probe-order': probeOrderSchema,
  'probe-answer': probeAnswerSchema,
};

export type CodecErrorCode = 'not-framed' | 'truncated' | 'undecodable' | 'invalid-record' | 'wrong-schema';

export class CodecError extends Error {
  constructor(
    readonly code: CodecErrorCode,
    readonly operation: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'CodecError';
  }
}

export const FRAME_HEADER_BYTES = 5;
const SLAB_BYTES = 64 * 1024;

/** 64-bit integers as bigint where the schema asks for it; everywhere else a long beyond 2^53 is refused. */
const exactLong = types.LongType.__with({
  fromBuffer: (b: Buffer) => b.readBigInt64LE(),
  toBuffer: (n: bigint) => {
    const b = Buffer.alloc(8);
    b.writeBigInt64LE(n);
    return b;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (n: unknown) => typeof n === 'bigint' && BigInt.asIntN(64, n) === n,
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/**
 * Plain longs are exact up to 2^52 in avsc (its zigzag goes through a double): enough for times, counters and offsets;
 * values that may be larger carry the logical type int64-exact.
 */
export const MAX_PLAIN_LONG = 2 ** 52;

/** Compiles a schema. avsc builds functions from it: give it schemas from our own registry only. */
export function avroType(schema: object): Type {
  return AvroType.forSchema(structuredClone(schema) as Parameters<typeof AvroType.forSchema>[0], {
    omitRecordMethods: true,
    typeHook: (s) => ((s as { logicalType?: string }).logicalType === 'int64-exact' ? exactLong : undefined) as Type,
  });
}

const compiled = new Map<EventName, Type>();

/** Compiled type of the current schema of an event. */
export function typeOf(name: EventName): Type {
  let type = compiled.get(name);
  if (!type) compiled.set(name, (type = avroType(schemas[name])));
  return type;
}

/** Writes records of one event into a slab that is reused: three times `toBuffer` (DESIGN.md §8). */
export class Encoder<N extends EventName> {
  private slab = Buffer.allocUnsafe(SLAB_BYTES);
  private readonly type: Type;

  constructor(readonly name: N) {
    this.type = typeOf(name);
  }

  /** Avro body of the record, a copy the caller owns. Throws CodecError `invalid-record` naming the field. */
  encode(record: EventTypes[N], headerBytes = 0): Buffer {
    let end: number;
    try {
      end = this.type.encode(record, this.slab, headerBytes);
      if (end < 0) {
        this.slab = Buffer.allocUnsafe(2 * (this.slab.length - end));
        end = this.type.encode(record, this.slab, headerBytes);
      }
    } catch (cause) {
      throw new CodecError('invalid-record', `encode ${this.name}`, invalidField(this.type, record), { cause });
    }
    return Buffer.from(this.slab.subarray(0, end));
  }

  /** The record framed for the stream. */
  encodeFramed(schemaId: number, record: EventTypes[N]): Buffer {
    const out = this.encode(record, FRAME_HEADER_BYTES);
    writeFrameHeader(out, schemaId);
    return out;
  }
}

function invalidField(type: Type, record: unknown): string {
  let path = '';
  type.isValid(record, { errorHook: (p) => (path = path || p.join('.')) });
  return path ? `field ${path} does not fit the schema` : 'the record does not fit the schema';
}

function writeFrameHeader(out: Buffer, schemaId: number): void {
  out.writeUInt8(0, 0);
  out.writeUInt32BE(schemaId, 1);
}

/** Puts the Confluent header before a body. */
export function frame(schemaId: number, body: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  writeFrameHeader(out, schemaId);
  out.set(body, FRAME_HEADER_BYTES);
  return out;
}

/** Splits a framed message; the body is a view. Throws CodecError `not-framed`. */
export function unframe(message: Buffer): { schemaId: number; body: Buffer } {
  if (message.length < FRAME_HEADER_BYTES || message[0] !== 0)
    throw new CodecError('not-framed', 'unframe', `no Confluent header in ${message.length} bytes`);
  return { schemaId: message.readUInt32BE(1), body: message.subarray(FRAME_HEADER_BYTES) };
}

/** Reads bodies of one event written with any compatible schema; resolvers are made once per writer. */
export class Decoder<N extends EventName> {
  private readonly reader: Type;
  private readonly resolvers = new Map<number, { writer: Type; resolver: ReturnType<Type['createResolver']> }>();

  constructor(readonly name: N) {
    this.reader = typeOf(name);
  }

  /** Decodes a body in the current schema. Throws CodecError `truncated` or `undecodable`. */
  decode(body: Buffer): EventTypes[N] {
    return this.read(() => this.reader.fromBuffer(body) as EventTypes[N]);
  }

  /** Decodes a body written under `schemaId`, whose schema `writerSchema` gives when it is first met. */
  decodeFrom(schemaId: number, writerSchema: () => object, body: Buffer): EventTypes[N] {
    let known = this.resolvers.get(schemaId);
    if (!known) {
      known = this.resolve(writerSchema());
      this.resolvers.set(schemaId, known);
    }
    const { resolver } = known;
    return this.read(() => this.reader.fromBuffer(body, resolver) as EventTypes[N]);
  }

  private resolve(schema: object): { writer: Type; resolver: ReturnType<Type['createResolver']> } {
    try {
      const writer = avroType(schema);
      return { writer, resolver: this.reader.createResolver(writer) };
    } catch (cause) {
      throw new CodecError('wrong-schema', `decode ${this.name}`, (cause as Error).message, { cause });
    }
  }

  private read<T>(f: () => T): T {
    try {
      return f();
    } catch (cause) {
      const message = (cause as Error).message;
      const code = /truncated/.test(message) ? 'truncated' : 'undecodable';
      throw new CodecError(code, `decode ${this.name}`, message, { cause });
    }
  }
}
