import { Encoder } from '../../../../schemas/codec';
import { deviceKey, Topics } from '../../../../schemas/topics';
import { type Clock, systemClock } from '../../../../edge-agent/io/clock';
import {
  type OutboxReader,
  type OutboxRecord,
  PRIORITY_COUNTER,
  type StoredRecord,
} from '../../../../edge-agent/io/outbox-api';
import { DEFAULT_BOUNDS, type OutboxBounds } from '../../../../edge-agent/io/outbox/bounds';
import { type OutboxEvent } from '../../../../edge-agent/io/outbox/disposal';
import { type OutboxFs } from '../../../../edge-agent/io/outbox/fs';
import { type DiskOutbox, openOutbox } from '../../../../edge-agent/io/outbox/outbox';
import { type Lane } from '../../../../edge-agent/io/outbox-api';

const frames = new Encoder('telemetry-frame');
const commandEvents = new Encoder('command-event');

export const SMALL_BOUNDS: OutboxBounds = {
  ...DEFAULT_BOUNDS,
  telemetryBytes: 512 * 1024,
  priorityBytes: 512 * 1024,
  segmentBytes: 64 * 1024,
  telemetryCommit_ms: 0,
  priorityCommit_ms: 0,
};

/** A frame of one device with some readings; `salt` keeps it from deflating to nothing. */
export function frame(device: string, readings = 3, salt = 0): OutboxRecord {
  return {
    lane: 'telemetry',
    topic: Topics.telemetry.name,
    schema: 'telemetry-frame',
    key: deviceKey('default', device),
    counter: device,
    readings,
    encode: (seq) =>
      frames.encode({
        tenant: 'default',
        device_id: device,
        agent_id: 'agent-1',
        seq,
        ts: 1_763_720_000_000 + seq,
        received_at: 1_763_720_000_000 + seq,
        clock_offset_ms: 0,
        series: [
          {
            metric: 'temperature',
            dt: Array.from({ length: readings }, (_, i) => i),
            value: Array.from({ length: readings }, (_, i) => Math.sin(seq * 1_000 + i + salt) * 1e6),
            quality: [],
          },
        ],
        text_series: [],
        int_series: [],
      }),
  };
}

export function commandEvent(id: string): OutboxRecord {
  return {
    lane: 'priority',
    topic: Topics.commandEvents.name,
    schema: 'command-event',
    key: `default/${id}`,
    counter: PRIORITY_COUNTER,
    readings: 0,
    encode: (seq) =>
      commandEvents.encode({
        command_id: id,
        tenant: 'default',
        device_id: 'd',
        agent_id: 'agent-1',
        state: 'verified',
        at: 1,
        actor: 'agent:agent-1',
        name: 'write',
        args: '{}',
        qos: 1,
        attempt: 1,
        detail: '',
        result: '{}',
        seq,
      }),
  };
}

export interface Opened {
  readonly outbox: DiskOutbox;
  readonly events: OutboxEvent[];
}

export async function open(
  fs: OutboxFs,
  bounds: OutboxBounds = SMALL_BOUNDS,
  clock: Clock = systemClock,
  directory = '/outbox',
): Promise<Opened> {
  const events: OutboxEvent[] = [];
  const outbox = await openOutbox({
    directory,
    bounds,
    fs,
    clock,
    tenant: 'default',
    agentId: 'agent-1',
    newId: () => 'outbox-1',
    onEvent: (event) => events.push(event),
  });
  return { outbox, events };
}

export async function readAll(outbox: OutboxReader, lane: Lane, from = 0): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let next = from; ;) {
    const batch = await outbox.read(lane, next, { maxRecords: 500, maxBytes: 1 << 20 });
    outbox.release(lane);
    records.push(...batch.records);
    if (batch.next === next) return records;
    next = batch.next;
  }
}
