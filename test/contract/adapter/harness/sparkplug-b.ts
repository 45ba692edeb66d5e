import { SparkplugAdapter } from '../../../../edge-agent/adapters/sparkplug-b/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/sparkplug-b/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { acknowledgesNothing, dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;

const profile = (port: number): string => `
agent: { id: a }
connections:
  - name: broker
    protocol: sparkplug-b
    host: 127.0.0.1
    port: ${port}
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
    sparkplug: { version: 3.1.1, client_id: contract, host_id: millrace }
devices:
  - id: boiler
    connection: broker
    sparkplug: { group: plant, node: edge, device: boiler }
    points:
      - { metric: setpoint, writable: true }
      - { metric: temperature }
  - { id: meter, connection: broker, sparkplug: { group: plant, node: edge, device: meter }, points: [{ metric: energy, type: uint64, sparkplug: { name: count } }] }
`;

async function create(): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant({ host: '127.0.0.1', port, period_ms: 50, devices: ['boiler', 'meter'] });
  await plant.start();
  const plans = plansOf(profile(port));
  const adapter = new SparkplugAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => plant.writes.last?.value as number,
    writesTaken: () => plant.writes.count,
    connections: () => plant.connections,
    acknowledged: acknowledgesNothing('what comes with QoS 0'),
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
      await plant.end();
    },
  };
}

const waivers = {
  'acknowledges its source only after the durable append':
    'nodes publish with QoS 0, as the specification wants it: nothing is acknowledged',
  'says of a write that was not answered that it does not know':
    'commands are QoS 0 and not answered: the read-back says what came of one',
  'closes at once and leaves nothing behind':
    'a command is sent or refused at once: there is none under way to be ended',
};

export const harnesses: readonly Harness[] = [{ adapter: 'sparkplug-b', variant: 'over MQTT 3.1.1', waivers, create }];
