/** What an OPC UA server tells: notifications as bytes, decoded by the library as in a session, and what becomes of them here. */
import { BinaryStream } from 'node-opcua-binary-stream';
import {
  DataChangeNotification,
  DataType,
  DataValue,
  EventNotificationList,
  NotificationMessage,
  resolveNodeId,
  setErrorLogger,
  setWarningLogger,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { eventSamples, type EventWatch, MAX_TOLD } from '../../../edge-agent/adapters/opcua/events';
import { told, type UaPoint } from '../../../edge-agent/adapters/opcua/point';
import { UA_NAMESPACE } from '../../../edge-agent/adapters/opcua/settings';
import { notification } from '../../../edge-agent/adapters/opcua/wire';
import { type Target } from './target';

// It prints what it does not know, and there is much of that.
for (const silence of [setWarningLogger, setErrorLogger]) silence(() => undefined);

const NOW = 1_700_000_000_000;

/** The library's way to refuse: it throws what it likes. */
class NotDecoded extends Error {}

const pointOf = (handle: number, field?: readonly string[]): UaPoint => ({
  ...{ handle, device: 'd', metric: `m${handle}`, scan_ms: 1_000, writable: false },
  source: {
    ...{ node: { namespace: UA_NAMESPACE, id: 'i=2253' }, queue_size: 10, history: false },
    ...(field && { event: { field: { namespace: UA_NAMESPACE, names: field } } }),
  } as UaPoint['source'],
});

function seedOf(notificationData: readonly (DataChangeNotification | EventNotificationList)[]): Buffer {
  const message = new NotificationMessage({
    ...{ sequenceNumber: 7, publishTime: new Date(NOW) },
    notificationData: [...notificationData],
  });
  const stream = new BinaryStream(4_096);
  message.encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

const variant = (dataType: DataType, value: unknown): Variant =>
  new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
/** Before the fields of the points: id, type, time, severity, source, condition, branch. */
const EVENT = [
  ...[
    variant(DataType.ByteString, Buffer.from('0102030405060708', 'hex')),
    variant(DataType.NodeId, resolveNodeId('i=2915')),
  ],
  ...[variant(DataType.DateTime, new Date(NOW)), variant(DataType.UInt16, 700), variant(DataType.String, 'Boiler')],
  ...[variant(DataType.String, 'Overheated'), variant(DataType.NodeId, resolveNodeId('i=0'))],
  ...[variant(DataType.Boolean, true), variant(DataType.LocalizedText, { text: 'zu heiß', locale: 'de' })],
];
const VALUES = [
  variant(DataType.Double, 21.5),
  variant(DataType.Int64, [1, 2]),
  variant(DataType.String, 'läuft'),
  variant(DataType.ByteString, Buffer.of(1, 2)),
];

function targetOf(): Target {
  const points = VALUES.map((_, i) => pointOf(i + 1));
  const watch: EventWatch = {
    ...{ handle: 9, node: { namespace: UA_NAMESPACE, id: 'i=2253' }, queue_size: 10, told: new Set() },
    points: [pointOf(10, ['ActiveState', 'Id']), pointOf(11, ['Message'])],
  };
  const changes = new DataChangeNotification({
    monitoredItems: VALUES.map((value, i) => ({
      clientHandle: i + 1,
      value: new DataValue({ value, statusCode: StatusCodes.Good, sourceTimestamp: new Date(NOW) }),
    })),
  });
  const events = new EventNotificationList({ events: [{ clientHandle: 9, eventFields: EVENT }] });
  return {
    name: 'opcua notifications and events',
    seeds: [seedOf([changes]), seedOf([events]), seedOf([changes, events])],
    read: (bytes) => {
      const { values, events: said } = notification(1, { notificationMessage: decoded(bytes) });
      for (const { handle, value } of values) for (const p of points) if (p.handle === handle) told(p, value, NOW);
      for (const { fields } of said) eventSamples(watch, fields, NOW);
      if (watch.told.size > MAX_TOLD) throw new Error(`${watch.told.size} events remembered`);
    },
    refuses: (error) => error instanceof NotDecoded,
  };
}

function decoded(bytes: Buffer): NotificationMessage {
  const message = new NotificationMessage();
  try {
    message.decode(new BinaryStream(Buffer.from(bytes)));
  } catch (cause) {
    throw new NotDecoded('not a notification', { cause });
  }
  return message;
}

export const OPCUA_TARGETS: readonly Target[] = [targetOf()];
