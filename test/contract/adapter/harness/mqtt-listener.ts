import { MqttListenerAdapter } from '../../../../edge-agent/adapters/mqtt-listener/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/mqtt-listener/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { AGENT_LISTENS, dialOf, listening, plansOf, TOKENS } from '../simulated';

const profile = (port: number): string => `
agent: { id: a }
connections: [{ name: field, protocol: mqtt-listener, port: ${port}, mqtt_listener: { rate_per_s: 1000, burst: 1000 } }]
devices:
  - id: boiler
    connection: field
    mqtt_listener: { token: ${TOKENS.boiler}, silence_ms: 400 }
    points:
      - { metric: temperature }
      - { metric: setpoint, writable: true, mqtt_listener: { command: { answer: true } } }
  - { id: meter, connection: field, mqtt_listener: { token: ${TOKENS.meter}, silence_ms: 400 }, points: [{ metric: count, type: uint64 }] }
`;

/** Devices on npm mqtt, which connect to the agent. */
async function create(version: 4 | 5, qos: 1 | 2): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant({ agent: `mqtt://127.0.0.1:${port}`, period_ms: 50, tokens: TOKENS, version, qos });
  await plant.start();
  const plans = plansOf(profile(port));
  const adapter = new MqttListenerAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => plant.writes.last?.value ?? NaN,
    writesTaken: () => plant.writes.count,
    connections: () => plant.connections,
    acknowledged: () => plant.acknowledged,
  };
  return listening(adapter, { plant, plans, field });
}

export const harnesses: readonly Harness[] = [
  { adapter: 'mqtt-listener', variant: '3.1.1, QoS 1', waivers: AGENT_LISTENS, create: () => create(4, 1) },
  { adapter: 'mqtt-listener', variant: '5, QoS 2', waivers: AGENT_LISTENS, create: () => create(5, 2) },
];
