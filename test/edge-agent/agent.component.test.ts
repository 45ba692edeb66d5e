/** The agent whole: a real plant, a real broker and registry that come late, commands, and a device taken out of service. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, type Kafka } from 'kafkajs';
import pino from 'pino';
import { Registry } from 'prom-client';
import { Plant } from '../../deploy/local/plant/modbus/plant';
import { freePorts } from '../../deploy/local/ports';
import { Agent } from '../../edge-agent/agent';
import { systemClock } from '../../edge-agent/io/clock';
import { ProfileKeeper } from '../../edge-agent/profile-keeper';
import { type EventTypes } from '../../schemas/codec';
import { type Command, type CommandEvent, type DeviceState, type TelemetryFrame } from '../../schemas/generated';
import { projectRoot } from '../../schemas/root';
import {
  committedConsumer,
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, deviceKey, type EventName, type Topic, Topics } from '../../schemas/topics';
import { until } from '../contract/adapter/observer';
import { startStack, type Stack } from '../support/stack';

const SETUP_MS = 180_000;
const WAIT_MS = 60_000;
const silent = pino({ level: 'silent' });

/** Everything of a topic, as it comes. */
async function collect<N extends EventName>(
  kafka: Kafka,
  config: StreamConfig,
  topic: Topic<N>,
  into: EventTypes[N][],
): Promise<Consumer> {
  const reader = new EventReader(topic.schema, new WriterSchemas(config));
  const consumer = committedConsumer(kafka, `test-${topic.name}`);
  await consumer.connect();
  // A topic just made is not at once where its leader is said to be.
  await eventually(() => consumer.subscribe({ topic: topic.name, fromBeginning: true }));
  const seen = new Set<string>();
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      // A rebalance reads again what was not committed yet: that is this reader's repetition, not the agent's.
      const at = `${partition}:${message.offset}`;
      if (message.value === null || seen.has(at)) return;
      seen.add(at);
      into.push(await reader.read(message.value));
    },
  });
  return consumer;
}

async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      await work();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(200);
    }
  }
}

describe('an agent', () => {
  const plantDir = mkdtempSync(join(tmpdir(), 'millrace-plant-'));
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-agent-'));
  const frames: TelemetryFrame[] = [];
  const events: CommandEvent[] = [];
  const consumers: Consumer[] = [];
  let stack: Stack;
  let config: StreamConfig;
  let kafka: Kafka;
  let plant: Plant;
  let agent: Agent;
  let metrics = new Registry();
  let boots = 0;

  const startAgent = async (): Promise<void> => {
    const profile = join(projectRoot(), 'deploy/local/profiles/demo.yaml');
    const keeper = new ProfileKeeper({
      ...{ file: profile, env: { PROFILE_PLANT_PORT: String(plantPort) }, store: join(dataDir, 'profile.json') },
    });
    const plan = keeper.load();
    const deps = { clock: systemClock, random: Math.random };
    metrics = new Registry();
    const boot = `boot${++boots}`;
    const common = { plan, profile: keeper, dataDir, deps, metrics, boot, stream: config, log: silent };
    agent = await Agent.open({ ...common, replicationFactor: 1, newId: () => 'outbox-1' });
    await agent.start();
  };
  let plantPort = 0;

  const send = async <N extends EventName>(topic: Topic<N>, device: string, record: EventTypes[N]): Promise<void> => {
    const writer = new EventWriter(topic, await registerSchemas(config, [topic]));
    const producer = idempotentProducer(kafka);
    await producer.connect();
    await producer.send({
      topic: topic.name,
      messages: [{ key: deviceKey('default', device), value: writer.write(record) }],
    });
    await producer.disconnect();
  };
  const order = (command_id: string, device_id: string, name: string, args: object): Command => ({
    command_id,
    tenant: 'default',
    device_id,
    agent_id: 'edge-1',
    name,
    args: JSON.stringify(args),
    qos: 2,
    attempt: 1,
    issued_at: Date.now(),
    deadline: Date.now() + WAIT_MS,
    actor: 'test',
    options: '',
  });
  const statesOf = (id: string): string[] => events.filter((e) => e.command_id === id).map((e) => e.state);
  const seqs = (device: string): number[] => frames.filter((f) => f.device_id === device).map((f) => f.seq);

  beforeAll(async () => {
    stack = await startStack({ want: ['kafka', 'schema-registry'], ownRegistry: true });
    config = streamConfig(stack.env, 'agent-test');
    kafka = createKafka(config, { warn: () => undefined });
    [plantPort = 0] = await freePorts(1);
    plant = new Plant({ host: '127.0.0.1', port: plantPort, dataDir: plantDir });
    await plant.start();
  }, SETUP_MS);

  afterAll(async () => {
    await agent?.stop('test over');
    await Promise.all(consumers.map((c) => c.disconnect()));
    await plant?.stop();
    await stack?.stop();
    for (const dir of [plantDir, dataDir]) rmSync(dir, { recursive: true, force: true });
  }, SETUP_MS);

  test(
    'polls with broker and registry away, and ships everything in order once they are there',
    async () => {
      await Promise.all([stack.kill('kafka'), stack.kill('schema-registry')]);
      await startAgent();
      const stored = (): number =>
        (agent.status() as { outbox: { telemetry: { next: number } } }).outbox.telemetry.next;
      await until('readings stored', () => stored() > 12, WAIT_MS);
      await Promise.all([stack.restart('kafka'), stack.restart('schema-registry')]);
      const admin = kafka.admin();
      await admin.connect();
      await ensureTopics(admin);
      await eventually(() => admin.fetchTopicOffsets(Topics.telemetry.name));
      await admin.disconnect();
      consumers.push(await collect(kafka, config, Topics.telemetry, frames));
      await until(
        'frames of every device',
        () => ['boiler-1', 'pump-1', 'meter-1'].every((d) => seqs(d).length > 6),
        WAIT_MS,
      );
      for (const device of ['boiler-1', 'pump-1', 'meter-1'])
        expect(seqs(device)).toEqual(seqs(device).map((_, i) => i + 1));
      expect(agent.notReady()).toBeUndefined();
    },
    SETUP_MS,
  );

  test(
    'carries a command out, reads back what it wrote, and says so',
    async () => {
      consumers.push(await collect(kafka, config, Topics.commandEvents, events));
      await send(AgentTopics.commands('edge-1'), 'boiler-1', order('c-1', 'boiler-1', 'set-setpoint', { value: 71.5 }));
      await until('verified', () => statesOf('c-1').includes('verified'), WAIT_MS);
      expect(statesOf('c-1')).toEqual(['delivered', 'executed', 'verified']);
      const log = readFileSync(join(plantDir, 'writes.jsonl'), 'utf8').trim().split('\n');
      expect(log.map((l) => JSON.parse(l) as object)).toEqual([
        { at: expect.any(Number) as number, unit: 1, table: 'holding-register', address: 0, value: 715 },
      ]);
    },
    SETUP_MS,
  );

  test(
    'verifies by another point where the profile says so',
    async () => {
      await send(AgentTopics.commands('edge-1'), 'pump-1', order('c-2', 'pump-1', 'stop', {}));
      await until('settled', () => statesOf('c-2').some((s) => s === 'verified' || s === 'failed'), WAIT_MS);
      expect(statesOf('c-2')).toEqual(['delivered', 'executed', 'verified']);
    },
    SETUP_MS,
  );

  test(
    'neither polls nor commands a suspended device, also after a restart with no network',
    async () => {
      const state: DeviceState = {
        tenant: 'default',
        device_id: 'pump-1',
        version: 4,
        state: 'suspended',
        name: '',
        model: '',
        agent_id: 'edge-1',
        path: '',
        labels: {},
        credential: null,
        reason: 'test',
        registered_at: 1,
        changed_at: 2,
        recent_requests: [],
      } as unknown as DeviceState;
      await send(AgentTopics.devices('edge-1'), 'pump-1', state);
      const settle = (): Promise<unknown> => sleep(3_000);
      await settle();
      const [pump, boiler] = [seqs('pump-1').length, seqs('boiler-1').length];
      await settle();
      expect(seqs('pump-1').length).toBe(pump);
      expect(seqs('boiler-1').length).toBeGreaterThan(boiler);
      await send(AgentTopics.commands('edge-1'), 'pump-1', order('c-3', 'pump-1', 'start', {}));
      await until('refused', () => statesOf('c-3').includes('failed'), WAIT_MS);
      const last = seqs('pump-1').at(-1);
      await stack.kill('kafka');
      const begun = performance.now();
      await agent.stop('restart');
      expect(performance.now() - begun).toBeLessThan(12_000);
      await startAgent();
      await settle();
      await stack.restart('kafka');
      await until('the boiler again', () => seqs('boiler-1').length > boiler + 10, WAIT_MS);
      expect(seqs('pump-1').at(-1)).toBe(last);
      expect(seqs('boiler-1')).toEqual(seqs('boiler-1').map((_, i) => i + 1));
    },
    SETUP_MS,
  );

  test('counts what it does', async () => {
    const text = await metrics.metrics();
    expect(text).toMatch(/millrace_agent_connection\{connection="plant",what="connected"\} 1/);
    expect(text).toMatch(/millrace_agent_device\{device="boiler-1",what="scan_asked_ms"\} 1000/);
    expect(text).toMatch(/millrace_outbox_depth\{lane="telemetry"\} \d/);
  });
});
