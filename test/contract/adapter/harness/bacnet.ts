import { BacnetAdapter } from '../../../../edge-agent/adapters/bacnet/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { BacnetPlant } from '../../../../deploy/local/plant/bacnet/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { acknowledgesNothing, dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;

const profile = (own: number, port: number): string => `
agent: { id: a }
connections:
  - name: net
    protocol: bacnet
    timeout_ms: 300
    bacnet: { interface: 127.0.0.1, port: ${own}, broadcast: 127.0.0.1 }
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
devices:
  - id: boiler
    connection: net
    bacnet: { address: "127.0.0.1:${port}" }
    scan_ms: 50
    points:
      - { metric: setpoint, object: "analog-value,1", writable: true }
      - { metric: temperature, object: "analog-input,1" }
  - { id: meter, connection: net, bacnet: { address: "127.0.0.1:${port + 1}" }, scan_ms: 50, points: [{ metric: power, object: "analog-input,1" }] }
`;

/** Three neighbouring ports: two for the plant, one of our own. */
async function ports(): Promise<[number, number]> {
  const [first = 0] = await freePorts(1);
  return [first, first + 1_000 > 65_000 ? first - 1_000 : first + 1_000];
}

async function create(): Promise<Rig> {
  const [own, port] = await ports();
  const plant = new BacnetPlant({ host: '127.0.0.1', port, dataDir: '' });
  await plant.start();
  const plans = plansOf(profile(own, port));
  const adapter = new BacnetAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => Number(plant.writes.last?.value ?? NaN),
    writesTaken: () => plant.writes.count,
    connections: () => plant.connections,
    acknowledged: acknowledgesNothing('what is polled'),
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
      await plant.stop();
    },
  };
}

const waivers = { 'acknowledges its source only after the durable append': 'polled: the field waits for nothing' };

export const harnesses: readonly Harness[] = [{ adapter: 'bacnet', variant: 'ReadPropertyMultiple', waivers, create }];
