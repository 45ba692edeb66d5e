/** Local control from power-on, with no network at all: a real plant over Modbus TCP, the agent whole, a restart in between. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import pino from 'pino';
import { Registry } from 'prom-client';
import { Plant } from '../../deploy/local/plant/modbus/plant';
import { freePorts } from '../../deploy/local/ports';
import { Agent } from '../../edge-agent/agent';
import { systemClock } from '../../edge-agent/io/clock';
import { nodeFs } from '../../edge-agent/io/outbox/fs';
import { DEFAULT_BOUNDS } from '../../edge-agent/io/outbox/bounds';
import { openOutbox } from '../../edge-agent/io/outbox/outbox';
import { readPlan } from '../../edge-agent/profile-file';
import { avroType } from '../../schemas/codec';
import { type AlarmEvent } from '../../schemas/generated';
import { Topics } from '../../schemas/topics';
import { until } from '../contract/adapter/observer';

const dir = mkdtempSync(join(tmpdir(), 'millrace-control-'));
const dataDir = join(dir, 'agent');
const profile = join(dir, 'profile.yaml');
let plant: Plant;
let agent: Agent;
let boots = 0;

const RULES = (port: number): string => `
agent: { id: edge-1 }
connections: [{ name: plant, protocol: modbus-tcp, host: 127.0.0.1, port: ${port}, backoff: { initial_ms: 50, max_ms: 100 } }]
devices:
  - id: station
    connection: plant
    unit: 10
    scan_ms: 20
    points:
      - { metric: pressure, table: holding-register, address: 0, writable: true }
      - { metric: valve, table: holding-register, address: 1, writable: true }
    rules:
      - name: overpressure
        when: pressure > 900.0
        clear: pressure < 800.0
        latch: true
        interlock: { commands: [write] }
        then:
          - { write: valve, value: 1 }
          - { alarm: overpressure, priority: 1, message: the valve was shut }
`;

async function start(): Promise<void> {
  agent = await Agent.open({
    ...{ plan: readPlan(profile, {}), dataDir, stream: undefined, replicationFactor: 1, boot: `boot${++boots}` },
    ...{ deps: { clock: systemClock, random: Math.random }, log: pino({ level: 'silent' }), metrics: new Registry() },
    newId: () => 'outbox-1',
  });
  await agent.start();
}

const control = (): { on: string[]; alarms: { alarm: string; active: boolean }[]; writes: number } =>
  (agent.status() as { control: ReturnType<typeof control> }).control;
const written = (address: number): number[] =>
  readFileSync(join(dir, 'plant', 'writes.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { address: number; value: number })
    .filter((w) => w.address === address)
    .map((w) => w.value);

/** The field changes: the plant's own control writes its register. */
const field = async (pressure: number): Promise<void> => {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(10);
  await client.writeRegister(0, pressure);
  await client.writeRegister(1, 0);
  client.close(() => undefined);
};
let port = 0;

beforeAll(async () => {
  [port = 0] = await freePorts(1);
  writeFileSync(profile, RULES(port));
  plant = new Plant({ host: '127.0.0.1', port, dataDir: join(dir, 'plant') });
  await plant.start();
  await field(500);
});
afterAll(async () => {
  await agent.stop('over');
  await plant.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('the rule shuts the valve, and the alarm is in the outbox', async () => {
  await start();
  await field(950);
  await until('valve shut and read back', () => control().writes === 1);
  expect(written(1).at(-1)).toBe(1);
  expect(control()).toMatchObject({ on: ['station/overpressure'], alarms: [{ alarm: 'overpressure', active: true }] });
});

test('a restart finds it latched, and shuts the valve again that was opened meanwhile', async () => {
  await agent.stop('restart');
  await field(500);
  await start();
  await until('valve shut again', () => control().writes === 1);
  expect(written(1).at(-1)).toBe(1);
  expect(control().on).toEqual(['station/overpressure']);
  expect(control().alarms).toHaveLength(1);
});

test('a plant that comes late is controlled as soon as it is there', async () => {
  await agent.stop('restart');
  await plant.stop();
  await start();
  await until('told that it cannot', () =>
    control().alarms.some((a) => a.alarm.endsWith('not-carried-out') && a.active),
  );
  await plant.start();
  await until('carried out', () => control().writes === 1);
  await until('told', () => !control().alarms.some((a) => a.alarm.endsWith('not-carried-out') && a.active));
});

test('every transition of the alarm is in the outbox, once', async () => {
  await agent.stop('look');
  const outbox = await openOutbox({
    ...{ directory: join(dataDir, 'outbox'), bounds: DEFAULT_BOUNDS, fs: nodeFs, clock: systemClock },
    ...{ tenant: 'default', agentId: 'edge-1', newId: () => 'outbox-1', onEvent: () => undefined },
  });
  const { records } = await outbox.read('priority', 0, { maxRecords: 1_000, maxBytes: 1e6 });
  outbox.release('priority');
  await outbox.close();
  const alarms = records
    .filter((r) => r.topic === Topics.alarms.name)
    .map((r) => avroType(r.avsc).fromBuffer(r.body) as AlarmEvent)
    .filter((a) => a.alarm === 'overpressure');
  expect(alarms).toHaveLength(1);
  expect(alarms[0]).toMatchObject({ device_id: 'station', priority: 1, active: true, message: 'the valve was shut' });
});
