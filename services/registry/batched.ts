/** A request that holds many: what each of them asks, and the short answer to each. Pure. */
import { type BatchedResult, type DeviceReply, type DeviceRequest } from '../../schemas/generated';
import { type Decision, type DeviceOrNone } from '../domain/device';

/** More than this in one record is refused: a transaction must stay short. */
export const MAX_BATCHED = 500;

/** The requests of its batch, complete. */
export function requestsIn(record: DeviceRequest): readonly DeviceRequest[] {
  const { reply_to, tenant, actor, reason, at, batch = [] } = record;
  return batch.map(({ request_id, device_id, type, data }) => ({
    ...{ request_id, reply_to, tenant, device_id, type, expected_version: null, actor, reason, at, data },
  }));
}

export function resultOf(decision: Decision, device: DeviceOrNone): BatchedResult {
  const { state = '', version = 0 } = device ?? {};
  const [code, detail] = decision.kind === 'rejected' ? [decision.code, decision.detail] : ['', ''];
  return { outcome: decision.kind, code, detail, state, version };
}

/** States are not in it: who asks for many reads them where everybody does. */
export function batchReply(record: DeviceRequest, results: BatchedResult[], at: number): DeviceReply {
  const { request_id, reply_to, tenant, device_id } = record;
  return { request_id, reply_to, tenant, device_id, outcome: 'accepted', code: '', detail: '', state: '', at, results };
}
