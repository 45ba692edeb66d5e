import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kafka } from 'kafkajs';
import { createKafka, streamConfig, type StreamConfig } from '../../../../schemas/stream';
import { systemClock } from '../../../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../../../edge-agent/io/outbox/fs';
import { HintFile } from '../../../../edge-agent/io/shipper/hint';
import { KafkaLink } from '../../../../edge-agent/io/shipper/link';
import { DiskSchemaIds } from '../../../../edge-agent/io/shipper/schema-ids';
import { Shipper, type ShipperError, type ShipperEvent } from '../../../../edge-agent/io/shipper/shipper';
import { type DiskOutbox } from '../../../../edge-agent/io/outbox/outbox';
import { type Stack, startStack } from '../../../support/stack';
import { commandEvent, frame, open } from '../outbox/helpers';
import { frameOf, readTopic } from './stream';

jest.setTimeout(180_000);

let stack: Stack;
let config: StreamConfig;
let kafka: Kafka;
const directories: string[] = [];
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stack = await startStack({ want: ['kafka', 'schema-registry'] });
  config = streamConfig(stack.env, 'shipper-test');
  kafka = createKafka(config, { warn: () => undefined });
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

afterAll(async () => {
  await stack?.stop();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-shipper-'));
  directories.push(path);
  return path;
}

function ship(
  outbox: DiskOutbox,
  agentId: string,
  data: string,
): { shipper: Shipper; events: ShipperEvent[]; fatal: ShipperError[] } {
  const events: ShipperEvent[] = [];
  const fatal: ShipperError[] = [];
  const shipper = new Shipper({
    agentId,
    outbox,
    link: new KafkaLink(kafka, { agentId, replicationFactor: 1, clock: systemClock }),
    schemaIds: new DiskSchemaIds(config, join(data, 'schema-ids.json')),
    hint: new HintFile(join(data, 'shipped.json')),
    clock: systemClock,
    random: Math.random,
    onEvent: (e) => events.push(e),
    onFatal: (e) => fatal.push(e),
  });
  shipper.start();
  cleanUps.push(async () => {
    await shipper.stop();
    await outbox.close();
  });
  return { shipper, events, fatal };
}

const seqsOf = async (device: string): Promise<number[]> =>
  (await readTopic(kafka, 'm2m.telemetry'))
    .map(frameOf)
    .filter((f) => f.device_id === device)
    .map((f) => f.seq);

test('ships both lanes, keeps its place over a restart, and frees the disk', async () => {
  const data = directory();
  for (let run = 0; run < 2; run++) {
    const { outbox } = await open(nodeFs, DEFAULT_BOUNDS, systemClock, data);
    const { shipper, events } = ship(outbox, 'agent-restart', data);
    for (let i = 0; i < 100; i++) await outbox.append([frame('restart-a'), frame('restart-b', 50, i)]);
    await outbox.append([commandEvent(`c-${run}`)]);
    await shipper.whenShipped('telemetry', outbox.status('telemetry').next);
    await shipper.whenShipped('priority', outbox.status('priority').next);
    await shipper.stop();
    await outbox.close();
    expect(events.at(-1)?.kind).toBe('connected');
  }
  expect(await seqsOf('restart-a')).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  const commands = (await readTopic(kafka, 'm2m.command-events')).map((m) => m.key);
  expect(commands).toEqual(['default/c-0', 'default/c-1']);
});

test('a second copy of an agent, disk and all, fences the first, which says so and stops', async () => {
  const [one, two] = [directory(), directory()];
  const first = (await open(nodeFs, DEFAULT_BOUNDS, systemClock, one)).outbox;
  const a = ship(first, 'agent-twice', one);
  await first.append([frame('twice')]);
  await a.shipper.whenShipped('telemetry', 1);
  cpSync(one, two, { recursive: true });
  const second = (await open(nodeFs, DEFAULT_BOUNDS, systemClock, two)).outbox;
  const b = ship(second, 'agent-twice', two);
  while (b.events.length === 0) await systemClock.sleep(50);
  await first.append([frame('twice')]);
  while (a.fatal.length === 0) await systemClock.sleep(50);
  expect(a.fatal[0]?.code).toBe('fenced');
  expect(a.shipper.status.state).toBe('fenced');
});
