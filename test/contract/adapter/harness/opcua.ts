import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpcUaAdapter } from '../../../../edge-agent/adapters/opcua/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { OpcUaPlant, PLANT_NAMESPACE } from '../../../../deploy/local/plant/opcua/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;

const profile = (endpoint: string): string => `
agent: { id: a }
connections:
  - name: line
    protocol: opcua
    timeout_ms: 300
    connect_timeout_ms: 5000
    opcua: { endpoint: "${endpoint}", policy: None }
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
devices:
  - id: boiler
    connection: line
    namespace: ${PLANT_NAMESPACE}
    scan_ms: 50
    points:
      - { metric: setpoint, node: s=Boiler.Setpoint, writable: true }
      - { metric: temperature, node: s=Boiler.Temperature }
  - { id: meter, connection: line, namespace: ${PLANT_NAMESPACE}, scan_ms: 50, points: [{ metric: energy, node: s=Meter.Energy, type: uint64 }] }
`;

/** Reading the standard address space takes seconds: one server for all behaviours, which find it as they left it. */
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-opcua-'));
let shared: Promise<OpcUaPlant> | undefined;

afterAll(async () => {
  await (await shared)?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function plantForAll(): Promise<OpcUaPlant> {
  const [port = 0] = await freePorts(1);
  const plant = new OpcUaPlant({ host: '127.0.0.1', port, dataDir });
  await plant.start();
  return plant;
}

async function create(): Promise<Rig> {
  const plant = await (shared ??= plantForAll());
  const plans = plansOf(profile(plant.endpoint));
  const adapter = new OpcUaAdapter(plans.both, { clock: systemClock, random: Math.random });
  const before = { writes: plant.writes.count, acknowledged: plant.acknowledged };
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.vanish(),
    held: () => Number(plant.writes.last?.value ?? NaN),
    writesTaken: () => plant.writes.count - before.writes,
    connections: () => plant.connections,
    acknowledged: () => plant.acknowledged - before.acknowledged,
  };
  return {
    adapter: Object.assign(adapter, { attempts: () => adapter.status().counters['reconnects'] ?? 0 }),
    field,
    plans,
    devices: ['boiler', 'meter'],
    writable: { metric: 'setpoint', value: 70, other: 65.5 },
    readable: 'temperature',
    backoff_ms: BACKOFF_MS,
    dispose: async () => {
      await adapter.close();
      plant.faults.set({ kind: 'none' });
      if (!plant.running) await plant.start();
    },
  };
}

export const harnesses: readonly Harness[] = [{ adapter: 'opcua', variant: 'subscription', waivers: {}, create }];
