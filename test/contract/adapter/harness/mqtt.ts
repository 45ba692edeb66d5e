import { MqttAdapter } from '../../../../edge-agent/adapters/mqtt/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/mqtt/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Harness, type Rig } from '../harness';
import { calling, plansOf, queueField } from '../simulated';

const SILENCE_MS = 400;

const profile = (port: number): string => `
agent: { id: a }
connections:
  - name: broker
    protocol: mqtt
    host: 127.0.0.1
    port: ${port}
    backoff: { initial_ms: ${calling.backoff_ms / 10}, max_ms: ${calling.backoff_ms} }
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
  return { ...calling.rig(adapter, plant), plans, field: queueField(plant) };
}

export const harnesses: readonly Harness[] = [{ adapter: 'mqtt', variant: '3.1.1 over TCP', waivers: {}, create }];
