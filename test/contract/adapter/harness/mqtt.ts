import { MqttAdapter } from '../../../../edge-agent/adapters/mqtt/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/mqtt/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;
const SILENCE_MS = 400;

const profile = (port: number): string => `
agent: { id: a }
connections:
  - name: broker
    protocol: mqtt
    host: 127.0.0.1
    port: ${port}
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
    mqtt:
      version: 3.1.1
      client_id: contract
      subscriptions: [{ topic: 'fleet/{region}/{machine}/telemetry', device: '{machine}', time: /ts }]
devices:
  - id: boiler
    connection: broker
    mqtt: { silence_ms: ${SILENCE_MS} }
    labels: { region: north }
    points:
      - metric: setpoint
        writable: true
        mqtt: { command: { topic: 'fleet/{region}/{device}/set/{metric}', value: /value } }
      - { metric: temperature }
  - { id: meter, connection: broker, mqtt: { silence_ms: ${SILENCE_MS} }, points: [{ metric: energy, type: uint64, mqtt: { value: /count } }] }
`;

/** The simulated plant on npm aedes, its fault dial as the misbehaviour. */
async function create(): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant({ host: '127.0.0.1', port, period_ms: 50, machines: ['boiler', 'meter'] });
  await plant.start();
  const plans = plansOf(profile(port));
  const adapter = new MqttAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => plant.writes.last?.value as number,
    writesTaken: () => plant.writes.count,
    connections: () => plant.broker.connections,
    acknowledged: () => plant.broker.acknowledged,
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

export const harnesses: readonly Harness[] = [{ adapter: 'mqtt', variant: '3.1.1 over TCP', waivers: {}, create }];
