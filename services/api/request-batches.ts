/** Requests divided into records: each holds those of one partition, no more than the registry takes. Pure. */
import { type BatchedRequest } from '../../schemas/generated';
import { partitionOf } from '../../schemas/partition';
import { deviceKey } from '../../schemas/topics';

/** Of one record; the registry refuses more than 500. */
export const MAX_BATCHED_REQUESTS = 400;
/** One line may be as long by itself: together they stay below what the registry reads, 256 KiB. */
export const MAX_BATCH_CHARS = 65_536;

/** For each record the places of its requests, in order. */
export function batchesOf(tenant: string, requests: readonly BatchedRequest[], partitions: number): number[][] {
  const batches: number[][] = [];
  const open = new Map<number, { readonly places: number[]; chars: number }>();
  for (const [place, { device_id, data }] of requests.entries()) {
    const partition = partitionOf(deviceKey(tenant, device_id), partitions);
    let batch = open.get(partition);
    if (!batch || batch.places.length >= MAX_BATCHED_REQUESTS || batch.chars + data.length > MAX_BATCH_CHARS) {
      open.set(partition, (batch = { places: [], chars: 0 }));
      batches.push(batch.places);
    }
    batch.places.push(place);
    batch.chars += data.length;
  }
  return batches;
}
