/** The library's structures to plain data. */
import {
  type Argument,
  AttributeIds,
  constructEventFilter,
  ContentFilterElement,
  DataChangeFilter,
  DataChangeTrigger,
  DataType,
  type DataValue,
  DeadbandType,
  ElementOperand,
  type EventFilter,
  FilterOperator,
  LiteralOperand,
  MonitoringMode,
  type PublishResponse,
  resolveNodeId,
  SimpleAttributeOperand,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { builtInType, UaType, type UaValue } from './codec';
import { type EventRequest, type MonitorRequest, type Notification, type UaArgument } from './link';

export function filterOf({ kind, value }: NonNullable<MonitorRequest['deadband']>): DataChangeFilter {
  const deadbandType = kind === 'absolute' ? DeadbandType.Absolute : DeadbandType.Percent;
  return new DataChangeFilter({ trigger: DataChangeTrigger.StatusValue, deadbandType, deadbandValue: value });
}

const BASE_EVENT = 'i=2041';

export function eventFilterOf(
  { fields, type, min_severity }: EventRequest,
  namespaces: readonly string[],
): EventFilter {
  const paths = fields.map(({ namespace, names }) => {
    const namespaceIndex = Math.max(0, namespaces.indexOf(namespace));
    return names.map((name) => ({ namespaceIndex, name }));
  });
  const elements = [
    ...(min_severity === undefined ? [] : [atLeast('Severity', min_severity)]),
    ...(type === undefined ? [] : [ofType(type)]),
  ];
  // The first element is the condition: two of them need an And before them, which names them by their place.
  if (elements.length === 2) elements.unshift(both());
  return constructEventFilter(paths, { elements });
}

const literal = (value: Variant): LiteralOperand => new LiteralOperand({ value });

function ofType(type: string): ContentFilterElement {
  const operand = literal(new Variant({ dataType: DataType.NodeId, value: resolveNodeId(type) }));
  return new ContentFilterElement({ filterOperator: FilterOperator.OfType, filterOperands: [operand] });
}

function atLeast(name: string, value: number): ContentFilterElement {
  const field = new SimpleAttributeOperand({
    typeDefinitionId: resolveNodeId(BASE_EVENT),
    browsePath: [{ namespaceIndex: 0, name }],
    attributeId: AttributeIds.Value,
  });
  const bound = literal(new Variant({ dataType: DataType.UInt16, value }));
  return new ContentFilterElement({
    filterOperator: FilterOperator.GreaterThanOrEqual,
    filterOperands: [field, bound],
  });
}

const both = (): ContentFilterElement =>
  new ContentFilterElement({
    filterOperator: FilterOperator.And,
    filterOperands: [new ElementOperand({ index: 1 }), new ElementOperand({ index: 2 })],
  });

/** A CreateMonitoredItems request's item. */
export function monitored(request: MonitorRequest, namespaces: readonly string[]): object {
  const { node, handle, sampling_ms, queue_size, deadband, event } = request;
  const filter = event ? eventFilterOf(event, namespaces) : deadband && filterOf(deadband);
  return {
    itemToMonitor: {
      nodeId: resolveNodeId(node),
      attributeId: event ? AttributeIds.EventNotifier : AttributeIds.Value,
    },
    monitoringMode: MonitoringMode.Reporting,
    requestedParameters: {
      clientHandle: handle,
      samplingInterval: event ? 0 : sampling_ms,
      queueSize: queue_size,
      discardOldest: true,
      ...(filter && { filter }),
    },
  };
}

export function argumentOf({ name, dataType, valueRank }: Argument): UaArgument {
  const { namespace, value } = dataType;
  const type = namespace === 0 && typeof value === 'number' ? builtInType(value) : 0;
  return { name: name ?? '', type, array: valueRank >= 0 };
}

export function notification(
  subscription: number,
  { notificationMessage }: Pick<PublishResponse, 'notificationMessage'>,
): Notification {
  const values: { handle: number; value: UaValue }[] = [];
  const events: { handle: number; fields: UaValue[] }[] = [];
  let ended: number | undefined;
  for (const data of notificationMessage.notificationData ?? []) {
    const {
      monitoredItems,
      events: lists,
      status,
      // A server may put nothing there, or what nobody knows.
    } = (data ?? {}) as unknown as {
      monitoredItems?: { clientHandle: number; value: DataValue }[];
      events?: { clientHandle: number; eventFields: Variant[] | null }[];
      status?: { value: number };
    };
    for (const item of monitoredItems ?? []) values.push({ handle: item.clientHandle, value: plain(item.value) });
    for (const { clientHandle, eventFields } of lists ?? [])
      events.push({ handle: clientHandle, fields: (eventFields ?? []).map((f) => plainVariant(f)) });
    if (status) ended = status.value;
  }
  const sequence = notificationMessage.sequenceNumber;
  return { subscription, sequence, values, events, ...(ended !== undefined && { ended }) };
}

export function plain(v: DataValue): UaValue {
  return {
    ...plainVariant(v.value, v.statusCode.value),
    ...(v.sourceTimestamp && { source_at: v.sourceTimestamp.getTime() }),
    ...(v.serverTimestamp && { server_at: v.serverTimestamp.getTime() }),
  };
}

export function plainVariant(variant: Variant | null | undefined, status = 0): UaValue {
  const { dataType = 0, arrayType = VariantArrayType.Scalar, value } = variant ?? {};
  const array = arrayType !== VariantArrayType.Scalar;
  const isName = dataType === (UaType.nodeId as number) && !array;
  return { type: dataType, array, value: isName ? String(value) : (value as unknown), status };
}
