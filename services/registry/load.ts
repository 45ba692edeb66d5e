/** Rebuilds the devices of partitions from m2m.devices. */
import { type Kafka } from 'kafkajs';
import { Encoder, FRAME_HEADER_BYTES } from '../../schemas/codec';
import { type EventReader, type SchemaIds } from '../../schemas/stream';
import { subjectOf, Topics } from '../../schemas/topics';
import { readToEnd, type SnapshotMessage } from '../lib/consume-snapshot';
import { REQUEST_OFFSET_HEADER } from './outputs';
import { DeviceStore } from './store';

export interface LoadedPartition {
  readonly store: DeviceStore;
  /** Highest offset of a request whose outcome is in the store. */
  readonly seen: bigint | undefined;
}

export interface LoadDeps {
  readonly kafka: Kafka;
  readonly ids: SchemaIds;
  readonly states: EventReader<'device-state'>;
  newId(): string;
}

export async function loadPartitions(
  deps: LoadDeps,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, LoadedPartition>> {
  const loading = new Map(partitions.map((p) => [p, new Loading(deps)]));
  await readToEnd(deps.kafka, {
    groupId: `registry-state-${deps.newId()}`,
    topic: Topics.devices.name,
    partitions,
    onMessage: (message) => loading.get(message.partition)?.take(message),
  });
  return loading;
}

class Loading implements LoadedPartition {
  readonly store = new DeviceStore();
  seen: bigint | undefined;
  private readonly encoder = new Encoder('device-state');
  private readonly currentId: number | undefined;

  constructor(private readonly deps: LoadDeps) {
    this.currentId = deps.ids[subjectOf(Topics.devices)];
  }

  async take(message: SnapshotMessage): Promise<void> {
    if (message.key === null) return;
    this.store.restore(message.key.toString(), message.value && (await this.body(message.value)));
    const header = message.headers?.[REQUEST_OFFSET_HEADER]?.toString() ?? '';
    if (!/^\d+$/.test(header)) return;
    const offset = BigInt(header);
    if (this.seen === undefined || offset > this.seen) this.seen = offset;
  }

  /** States in the current schema are taken as they are; older ones are rewritten. */
  private async body(value: Buffer): Promise<Buffer> {
    const isCurrent = value.length > FRAME_HEADER_BYTES && value[0] === 0 && value.readUInt32BE(1) === this.currentId;
    return isCurrent ? value.subarray(FRAME_HEADER_BYTES) : this.encoder.encode(await this.deps.states.read(value));
  }
}
