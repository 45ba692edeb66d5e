/** Compares log, compacted states and, where given, the SQL projection, one partition after the other. */
import { type ClickHouseClient } from '@clickhouse/client';
import { type Kafka } from 'kafkajs';
import { EventReader, type WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { type Device, deviceFromRecord, eventFromRecord } from '../../domain/device';
import { readToEnd } from '../../lib/consume-snapshot';
import { type Difference, Ledger, MAX_TOLD } from './ledger';
import { differenceOfSums, LIFE_SUMS_SQL, type LifeSum, NO_EVENTS, withEvent } from './life-sum';

export interface VerifyDeps {
  readonly kafka: Kafka;
  readonly writers: WriterSchemas;
  newId(): string;
  /** Compared when given; the projection must have caught up. */
  readonly clickhouse?: ClickHouseClient;
}

export interface Verdict {
  readonly devices: number;
  readonly events: number;
  readonly differing: number;
  /** The first ones, with words. */
  readonly differences: readonly Difference[];
}

interface ProjectedDevice {
  readonly key: string;
  readonly version: string;
  readonly state: string;
  readonly name: string;
  readonly agent_id: string | null;
  readonly model: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly reason: string | null;
  /** ms since 1970-01-01 UTC. */
  readonly changed_at: number;
}

/** What SQL says, both by device. */
interface Projection {
  readonly devices: Map<string, ProjectedDevice>;
  readonly lives: ReadonlyMap<string, LifeSum>;
}

/** One partition of the log. */
interface Folded {
  readonly ledger: Ledger;
  readonly lives: ReadonlyMap<string, LifeSum>;
}

export async function verify(deps: VerifyDeps): Promise<Verdict> {
  const projected = deps.clickhouse && (await projection(deps.clickhouse));
  let devices = 0;
  let events = 0;
  let differing = 0;
  const differences: Difference[] = [];
  for (let partition = 0; partition < Topics.lifecycle.partitions; partition++) {
    const folded = await foldOf(deps, partition);
    const { ledger } = folded;
    const told = [...ledger.told, ...(projected ? againstProjection(folded, projected) : [])];
    devices += ledger.devices;
    events += ledger.events;
    differing += ledger.differing + told.length - ledger.told.length;
    differences.push(...told.slice(0, MAX_TOLD - differences.length));
  }
  for (const key of projected?.devices.keys() ?? []) {
    differing++;
    if (differences.length < MAX_TOLD) differences.push({ kind: 'not-in-log', device: key, detail: 'only in SQL' });
  }
  return { devices, events, differing, differences };
}

async function foldOf({ kafka, writers, newId }: VerifyDeps, partition: number): Promise<Folded> {
  const states = new Map<string, Device>();
  const stateReader = new EventReader('device-state', writers);
  await readToEnd(kafka, {
    groupId: `verify-${newId()}`,
    topic: Topics.devices.name,
    partitions: [partition],
    onMessage: async ({ key, value }) => {
      if (value === null) states.delete(String(key));
      else states.set(String(key), deviceFromRecord(await stateReader.read(value)));
    },
  });
  const ledger = new Ledger(states);
  const lives = new Map<string, LifeSum>();
  const eventReader = new EventReader('device-event', writers);
  await readToEnd(kafka, {
    groupId: `verify-${newId()}`,
    topic: Topics.lifecycle.name,
    partitions: [partition],
    onMessage: async ({ key: bytes, value }) => {
      if (value === null) return;
      const key = String(bytes);
      const event = await eventReader.read(value);
      ledger.take(key, eventFromRecord(event));
      lives.set(key, withEvent(lives.get(key) ?? NO_EVENTS, event));
    },
  });
  ledger.finish();
  return { ledger, lives };
}

async function projection(clickhouse: ClickHouseClient): Promise<Projection> {
  const [devices, lives] = await Promise.all([
    rowsOf<ProjectedDevice>(clickhouse, DEVICES_SQL),
    rowsOf<LifeSum & { readonly key: string }>(clickhouse, LIFE_SUMS_SQL),
  ]);
  return {
    devices: new Map(devices.map((row) => [row.key, row])),
    lives: new Map(lives.map(({ key, ...sum }) => [key, sum])),
  };
}

const DEVICES_SQL = `SELECT concat(tenant, '/', device_id) AS key, toString(version) AS version, state, name, agent_id, model, path,
        labels, reason, toUnixTimestamp64Milli(changed_at) AS changed_at FROM devices`;

async function rowsOf<Row>(clickhouse: ClickHouseClient, query: string): Promise<Row[]> {
  const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const;
  const result = await clickhouse.query({ query, clickhouse_settings, format: 'JSONEachRow' });
  return result.json<Row>();
}

/** Takes the devices it has compared out of `projected`: what is left at the end is unknown to the log. */
function againstProjection({ ledger, lives }: Folded, { devices, lives: sums }: Projection): Difference[] {
  const differences: Difference[] = [];
  for (const device of ledger.keys()) {
    const life = ledger.life(device);
    const row = devices.get(device);
    devices.delete(device);
    if (!row) differences.push({ kind: 'no-state', device, detail: 'not in SQL' });
    else if (!life || summary(life) !== summary(row)) {
      const detail = `SQL ${summary(row)}, log ${life ? summary(life) : 'nothing'}`;
      differences.push({ kind: 'different', device, detail });
    }
    const faults = differenceOfSums(sums.get(device) ?? NO_EVENTS, lives.get(device) ?? NO_EVENTS);
    if (faults) differences.push({ kind: 'different', device, detail: faults });
  }
  return differences;
}

function summary(d: Omit<ProjectedDevice, 'key' | 'version'> & { version: string | number }): string {
  const labels = Object.entries(d.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const { state, name, agent_id, model, path, reason, changed_at } = d;
  return JSON.stringify([Number(d.version), state, name, agent_id, model, path, labels, reason, changed_at]);
}
