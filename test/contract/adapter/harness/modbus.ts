import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModbusAdapter } from '../../../../edge-agent/adapters/modbus/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/modbus/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { acknowledgesNothing, dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;

const profile = (port: number, inFlight: number): string => `
agent: { id: a }
connections:
  - name: line
    protocol: modbus-tcp
    host: 127.0.0.1
    port: ${port}
    timeout_ms: 300
    in_flight: ${inFlight}
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
devices:
  - id: boiler
    connection: line
    unit: 1
    scan_ms: 50
    points:
      - { metric: setpoint, table: holding-register, address: 0, type: int16, writable: true }
      - { metric: temperature, table: input-register, address: 0, type: int16 }
  - { id: meter, connection: line, unit: 3, scan_ms: 50, points: [{ metric: energy, table: input-register, address: 0, type: uint64 }] }
`;

/** The simulated plant on npm modbus-serial, its fault dial as the misbehaviour. */
async function create(inFlight: number): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-plant-'));
  const plant = new Plant({ host: '127.0.0.1', port, dataDir });
  await plant.start();
  const plans = plansOf(profile(port, inFlight));
  const adapter = new ModbusAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    answerErrors: () => plant.faults.set({ kind: 'exception', code: 4 }),
    sendGarbage: () => plant.faults.set({ kind: 'garbage', count: 1 }),
    held: () => plant.writes.last?.value ?? NaN,
    writesTaken: () => plant.writes.count,
    connections: () => plant.connections,
    acknowledged: acknowledgesNothing('Modbus'),
  };
  return {
    adapter: Object.assign(adapter, { attempts: () => adapter.status().counters['reconnects'] ?? 0 }),
    field,
    plans,
    devices: ['boiler', 'meter'],
    writable: { metric: 'setpoint', value: 700, other: 655 },
    readable: 'temperature',
    backoff_ms: BACKOFF_MS,
    dispose: async () => {
      await adapter.close();
      await plant.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const waivers = { 'acknowledges its source only after the durable append': 'polled: the field waits for nothing' };

export const harnesses: readonly Harness[] = [
  { adapter: 'modbus', variant: 'TCP, one request at a time', waivers, create: () => create(1) },
  { adapter: 'modbus', variant: 'TCP, four in flight', waivers, create: () => create(4) },
];
