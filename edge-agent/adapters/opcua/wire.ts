/** The library's structures to plain data. */
import {
  DataChangeFilter,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type PublishResponse,
  VariantArrayType,
} from 'node-opcua-client';
import { type UaValue } from './codec';
import { type MonitorRequest, type Notification } from './link';

export function filterOf({ kind, value }: NonNullable<MonitorRequest['deadband']>): DataChangeFilter {
  const deadbandType = kind === 'absolute' ? DeadbandType.Absolute : DeadbandType.Percent;
  return new DataChangeFilter({ trigger: DataChangeTrigger.StatusValue, deadbandType, deadbandValue: value });
}

export function notification(
  subscription: number,
  { notificationMessage }: Pick<PublishResponse, 'notificationMessage'>,
): Notification {
  const values: { handle: number; value: UaValue }[] = [];
  let ended: number | undefined;
  for (const data of notificationMessage.notificationData ?? []) {
    const { monitoredItems, status } = data as unknown as {
      monitoredItems?: { clientHandle: number; value: DataValue }[];
      status?: { value: number };
    };
    for (const item of monitoredItems ?? []) values.push({ handle: item.clientHandle, value: plain(item.value) });
    if (status) ended = status.value;
  }
  const sequence = notificationMessage.sequenceNumber;
  return { subscription, sequence, values, ...(ended !== undefined && { ended }) };
}

export function plain(v: DataValue): UaValue {
  const { dataType = 0, arrayType = VariantArrayType.Scalar, value } = v.value ?? {};
  return {
    type: dataType,
    array: arrayType !== VariantArrayType.Scalar,
    value: value as unknown,
    status: v.statusCode.value,
    ...(v.sourceTimestamp && { source_at: v.sourceTimestamp.getTime() }),
    ...(v.serverTimestamp && { server_at: v.serverTimestamp.getTime() }),
  };
}
