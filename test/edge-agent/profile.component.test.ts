/** A profile pushed to an agent that is at work: the real process, broker, registry and verbs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Plant } from '../../deploy/local/plant/modbus/plant';
import { freePorts } from '../../deploy/local/ports';
import { type TelemetryFrame } from '../../schemas/generated';
import { projectRoot } from '../../schemas/root';
import { type ProbeRequest } from '../../schemas/probe';
import {
  committedConsumer,
  createKafka,
  ensureTopics,
  EventReader,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, type Topic, Topics } from '../../schemas/topics';
import { Probes } from '../../services/api/probes';
import { Publisher } from '../../schemas/publisher';
import { tail } from '../../services/lib/tail';
import { type Stack, startStack } from '../support/stack';

const SETUP_MS = 180_000;
const WAIT_MS = 60_000;
const SCAN_MS = 200;
const main = join(projectRoot(), 'dist', 'edge-agent', 'main.js');

describe('a profile from the platform', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-profile-'));
  const file = (name: string): string => join(folder, name);
  let stack: Stack;
  let plant: Plant;
  let ports: number[];
  let agent: ChildProcess;

  const profile = (devices: string): string => `
agent: { id: edge-7 }
connections: [{ name: plant, protocol: modbus-tcp, host: 127.0.0.1, port: ${ports[0]} }]
devices:
  - { id: boiler, connection: plant, unit: 1, points: [{ metric: temperature, table: input-register, address: 0, scan_ms: ${SCAN_MS} }] }
${devices}`;
  const pump = (address: number): string =>
    `  - { id: pump, connection: plant, unit: 2, points: [{ metric: speed, table: input-register, address: ${address}, scan_ms: ${SCAN_MS} }] }\n`;

  const start = async (): Promise<void> => {
    const log = openSync(file('log'), 'a');
    agent = spawn(process.execPath, [main, 'run', '--profile', file('own.yaml'), '--data', file('data')], {
      env: { PATH: process.env['PATH'], ...stack.env, HEALTH_PORT: String(ports[1]) },
      stdio: ['ignore', log, log],
    });
    await within('the agent is ready', async () => (await fetch(`http://127.0.0.1:${ports[1]}/readyz`)).ok);
  };
  const stop = async (): Promise<void> => {
    const exited = once(agent, 'exit');
    agent.kill('SIGTERM');
    await exited;
  };
  interface Status {
    readonly profile: { source: string; version: number; refusal: string };
    readonly connections: { devices: { id: string; connected: boolean }[]; counters: Record<string, number> }[];
  }
  const status = async (): Promise<Status> =>
    (await (await fetch(`http://127.0.0.1:${ports[1]}/status`)).json()) as Status;
  /** Not spawnSync: the plant is in this process, and would fall silent meanwhile. */
  const verb = async (...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> => {
    const env = { PATH: process.env['PATH'], ...stack.env };
    const child = spawn(process.execPath, [main, 'profile', ...args], { env, timeout: WAIT_MS });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (d: Buffer) => (said[name] += d.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, ...said };
  };
  const push = (devices: string): ReturnType<typeof verb> => {
    writeFileSync(file('pushed.yaml'), profile(devices));
    return verb('push', file('pushed.yaml'), '--by', 'test');
  };

  beforeAll(async () => {
    ports = await freePorts(2);
    stack = await startStack({ want: ['kafka', 'schema-registry'], ownRegistry: true });
    plant = new Plant({ host: '127.0.0.1', port: ports[0] ?? 0, dataDir: file('plant') });
    await plant.start();
    writeFileSync(file('own.yaml'), profile(''));
    await start();
  }, SETUP_MS);

  afterAll(async () => {
    agent?.kill('SIGKILL');
    await plant?.stop();
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, SETUP_MS);

  test(
    'is applied without a restart, and the line stays open',
    async () => {
      expect((await verb('show', '--agent', 'edge-7')).stderr).toMatch(/nothing is desired/);
      expect(await push(pump(1))).toMatchObject({ status: 0, stdout: expect.stringMatching(/^version 1 /) as string });
      await within('version 1', async () => (await status()).profile.version === 1);
      await within('the pump', async () => (await status()).connections[0]?.devices.length === 2);
      expect((await status()).connections[0]?.counters['reconnects']).toBe(0);
      expect(await verb('show', '--agent', 'edge-7')).toMatchObject({
        status: 0,
        stdout: profile(pump(1)).trimEnd() + '\n',
      });
    },
    SETUP_MS,
  );

  test(
    'that is not valid is not pushed; one that only this agent cannot take is refused, and the last good one stays',
    async () => {
      expect(await push(pump(70_000))).toMatchObject({ status: 1, stderr: expect.stringMatching(/70000/) as string });
      writeFileSync(file('pushed.yaml'), profile(pump(1)).replace('edge-7', 'edge-7, tenant: other'));
      expect((await verb('push', file('pushed.yaml'))).status).toBe(0);
      await within('a refusal', async () => (await status()).profile.refusal !== '');
      expect((await status()).profile).toMatchObject({ source: 'platform', version: 1 });
      expect((await status()).profile.refusal).toMatch(/version 2: tenant is other/);
      expect((await status()).connections[0]?.devices.length).toBe(2);
    },
    SETUP_MS,
  );

  test(
    'that is a draft is read beside the work, and nothing comes of it',
    async () => {
      const asker = await askerOver(stack.env);
      const ask = (kind: 'preview' | 'browse', text: string) =>
        asker.ask({ kind, profile: text, connection: 'plant', node: '', wait_ms: 20_000 });
      expect(await ask('preview', profile(pump(0)).replace('pump,', 'new-pump,'))).toMatchObject({
        ...{ kind: 'preview', points: 2, unread: [], complaints: [] },
        values: expect.arrayContaining([
          expect.objectContaining({ device: 'boiler', metric: 'temperature', quality: 'good' }),
          expect.objectContaining({ device: 'new-pump', metric: 'speed', quality: 'good' }),
        ]) as unknown,
      });
      await expect(ask('browse', profile(''))).rejects.toThrow(/nothing to browse: import a tag list/);
      await expect(ask('preview', profile(pump(70_000)))).rejects.toThrow(/profile.yaml:.*70000/);
      expect(await asker.ask({ kind: 'current', profile: '', connection: '', node: '', wait_ms: 0 })).toEqual({
        ...{ kind: 'current', source: 'platform', profile: profile(pump(1)) },
      });
      await asker.stop();
      expect((await status()).profile).toMatchObject({ source: 'platform', version: 1 });
      expect((await status()).connections[0]?.counters['reconnects']).toBe(0);
    },
    SETUP_MS,
  );

  test(
    'is in force after a power-on without network',
    async () => {
      await stop();
      await Promise.all([stack.kill('kafka'), stack.kill('schema-registry')]);
      await start();
      expect((await status()).profile).toEqual({ source: 'platform', version: 1, refusal: '' });
      expect((await status()).connections[0]?.devices.length).toBe(2);
      await Promise.all([stack.restart('kafka'), stack.restart('schema-registry')]);
    },
    SETUP_MS,
  );

  test(
    'withdrawn, the agent works by its own file, and reads it again when it changes or on SIGHUP',
    async () => {
      expect((await verb('withdraw', '--agent', 'edge-7')).status).toBe(0);
      await within('the file', async () => (await status()).profile.source === 'file');
      await within('one device', async () => (await status()).connections[0]?.devices.length === 1);
      writeFileSync(file('own.yaml'), profile(pump(2)));
      await within('two devices', async () => (await status()).connections[0]?.devices.length === 2);
      writeFileSync(file('own.yaml'), profile(''));
      agent.kill('SIGHUP');
      await within('one device again', async () => (await status()).connections[0]?.devices.length === 1, 1_500);
    },
    SETUP_MS,
  );

  test(
    'every frame of the device that never changed is there once, and what is in force is told as readings of the agent',
    async () => {
      await sleep(1_000);
      await stop();
      const frames = await framesOf(stack.env);
      const boiler = frames.filter((f) => f.device_id === 'boiler');
      expect(boiler.map((f) => f.seq)).toEqual(boiler.map((_, i) => i + 1));
      const said = frames.filter((f) => f.device_id === 'edge-7');
      const versions = said.flatMap((f) => f.series.find((s) => s.metric === 'profile_version')?.value ?? []);
      expect(versions).toEqual(expect.arrayContaining([0, 1]));
      const texts = said.flatMap((f) => f.text_series.flatMap((s) => s.value));
      expect(texts.some((t) => t.startsWith('version 2: tenant is other'))).toBe(true);
      const log = readFileSync(file('log'), 'utf8').split('\n');
      const changes = log
        .filter((l) => l.includes('another profile is in force'))
        .map((l) => (JSON.parse(l) as { changed: number }).changed);
      // A signal and the changed time of the file may both have it read: the second finds nothing changed.
      expect(changes.filter((n) => n > 0)).toEqual([1, 1]);
    },
    SETUP_MS,
  );
});

async function within(what: string, condition: () => Promise<boolean>, ms = WAIT_MS): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(50))
    if (await condition().catch(() => false)) return;
  throw new Error(`not within ${ms} ms: ${what}`);
}

/** Asks the agent as the API does. */
async function askerOver(env: Readonly<Record<string, string>>) {
  const config = streamConfig(env, 'test-asker');
  const kafka = createKafka(config, { warn: () => undefined });
  const admin = kafka.admin();
  await admin.connect();
  const answers = Topics.probeAnswers;
  await ensureTopics(admin, [answers]);
  const ids = await registerSchemas(config, [AgentTopics.probes('any'), answers]);
  const publisher = new Publisher(() => idempotentProducer(kafka));
  const newSecret = (): string => Math.random().toString();
  const ensure = (topic: Topic): Promise<void> => ensureTopics(admin, [topic]);
  const probes = new Probes({ publisher, ids, ensure, now: Date.now, newSecret });
  const reader = new EventReader('probe-answer', new WriterSchemas(config));
  const heard = await tail(
    kafka,
    {
      ...{ groupId: 'test-asker', topics: [answers.name], from: 'now' },
      onMessage: async ({ value }) => probes.answer(await reader.read(value as Buffer)),
    },
    { warn: () => undefined },
  );
  return {
    ask: (request: ProbeRequest) => probes.ask({ tenant: 'default', actor: 'user:test' }, 'edge-7', request),
    stop: () => Promise.all([heard.stop(), publisher.close(), admin.disconnect()]),
  };
}

async function framesOf(env: Readonly<Record<string, string>>): Promise<TelemetryFrame[]> {
  const config = streamConfig(env, 'test');
  const kafka = createKafka(config, { warn: () => undefined });
  const reader = new EventReader('telemetry-frame', new WriterSchemas(config));
  const consumer = committedConsumer(kafka, 'test-profile');
  const frames = new Map<string, TelemetryFrame>();
  await consumer.connect();
  await consumer.subscribe({ topic: Topics.telemetry.name, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      if (message.value) frames.set(`${partition} ${message.offset}`, await reader.read(message.value));
    },
  });
  for (let last = -1, tries = 0; (last !== frames.size || last === 0) && tries < 20; tries++, await sleep(1_500))
    last = frames.size;
  await consumer.disconnect();
  return [...frames.values()].sort((a, b) => a.seq - b.seq);
}
