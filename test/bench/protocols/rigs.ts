/** The protocols that are measured: one entry each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { mstp } from './mstp';
import { Simulator, profileOf as modbusProfile } from '../modbus/plant';
import { bacnetBoiler, names, plantProcess, type ProtocolRig, type RunningField, type Scale } from './rig';

const HEAD = 'agent: { id: bench }\n';
const POINTS = '[{ metric: temperature }, { metric: setpoint }, { metric: count, type: uint64 }]';

const env = ({ devices, period_ms }: Scale): Record<string, string> => ({
  PLANT_MACHINES: names(devices).join(','),
  PLANT_PERIOD_MS: String(period_ms),
});

const modbus: ProtocolRig = {
  name: 'modbus-tcp',
  async start({ devices, period_ms }) {
    const simulator = await Simulator.start();
    const profile = modbusProfile(devices, simulator.port).replace(/scan_ms: \d+/, `scan_ms: ${period_ms}`);
    return { profile, stop: () => simulator.stop() };
  },
};

/** The plant is a broker. `section`: what the connection says beside where it is. */
const brokered = (name: 'mqtt' | 'amqp' | 'amqp-0-9-1', section: string): ProtocolRig => ({
  name,
  counter: 'count',
  async start(scale) {
    const [port = 0] = await freePorts(1);
    const stop = await plantProcess(name, port, env(scale));
    const devices = names(scale.devices).map((id) => `  - { id: ${id}, connection: broker, model: machine }`);
    const profile = `${HEAD}connections:
  - name: broker
    protocol: ${name}
    host: 127.0.0.1
    port: ${port}
    ${section}
models: { machine: { points: ${POINTS} } }
devices:
${devices.join('\n')}
`;
    return { profile, stop };
  },
});

const FLEET = "device: '{machine}', time: /ts";
const mqtt = brokered(
  'mqtt',
  `mqtt: { version: 3.1.1, client_id: bench, receive_maximum: 10000, subscriptions: [{ topic: 'fleet/{region}/{machine}/telemetry', ${FLEET} }] }`,
);
const QUEUE = `amqp: { credit: 5000, sources: [{ address: telemetry, topic: 'fleet.{region}.{machine}', ${FLEET} }] }`;

const sparkplug: ProtocolRig = {
  name: 'sparkplug-b',
  counter: 'count',
  async start(scale) {
    const [port = 0] = await freePorts(1);
    const stop = await plantProcess('sparkplug-b', port, env(scale));
    const devices = names(scale.devices).map(
      (id) =>
        `  - { id: ${id}, connection: broker, model: machine, sparkplug: { group: plant, node: edge, device: ${id} } }`,
    );
    const profile = `${HEAD}connections:
  - { name: broker, protocol: sparkplug-b, host: 127.0.0.1, port: ${port}, sparkplug: { version: 3.1.1, client_id: bench } }
models: { machine: { points: ${POINTS} } }
devices:
${devices.join('\n')}
`;
    return { profile, stop };
  },
};

/** The agent is the server: the plant goes on trying until it is there. */
async function posting(
  scale: Scale,
  program: 'http' | 'coap' | 'coap-tcp' | 'mqtt-listener',
  extra: (port: number, theirs: number) => Record<string, string>,
  connection: { readonly protocol: string; readonly section?: string } = { protocol: program },
): Promise<RunningField> {
  const [port = 0, health = 0, theirs = 0] = await freePorts(3);
  const ids = names(scale.devices);
  const stop = await plantProcess(program, health, {
    HEALTH_PORT: String(health),
    PLANT_TOKENS: ids.map((id) => `${id}=token-of-${id}`).join(','),
    PLANT_PERIOD_MS: String(scale.period_ms),
    ...extra(port, theirs),
  });
  const devices = ids.map(
    (id) =>
      `  - { id: ${id}, connection: posts, model: machine, ${connection.protocol.replace('-', '_')}: { token: token-of-${id} } }`,
  );
  const profile = `${HEAD}connections: [{ name: posts, protocol: ${connection.protocol}, port: ${port}${connection.section ?? ''} }]
models: { machine: { points: [{ metric: temperature }, { metric: count, type: uint64 }] } }
devices:
${devices.join('\n')}
`;
  return { profile, stop };
}

const agentAt = (port: number): Record<string, string> => ({ PLANT_AGENT: `http://127.0.0.1:${port}` });

const http: ProtocolRig = {
  name: 'http',
  counter: 'count',
  start: (scale) => posting(scale, 'http', agentAt),
};

const webSocket: ProtocolRig = {
  name: 'http, WebSocket',
  counter: 'count',
  start: (scale) => posting(scale, 'http', (port) => ({ ...agentAt(port), PLANT_SOCKETS: 'yes' })),
};

const coap: ProtocolRig = {
  name: 'coap',
  counter: 'count',
  start: (scale) =>
    posting(scale, 'coap', (port, theirs) => ({ PLANT_AGENT: `127.0.0.1:${port}`, PLANT_PORT: String(theirs) })),
};

const coapTcp: ProtocolRig = {
  name: 'coap over TCP',
  counter: 'count',
  start: (scale) =>
    posting(scale, 'coap-tcp', (port) => ({ PLANT_AGENT: `127.0.0.1:${port}` }), {
      ...{ protocol: 'coap', section: ', coap: { transport: tcp }' },
    }),
};

/** The bus and the agent's end of the tunnel are ports of UDP; whether the plant is there is asked of its health. */
const can: ProtocolRig = {
  name: 'can',
  counter: 'count',
  async start({ devices, period_ms }) {
    const [health = 0, plant = 0, own = 0] = await freePorts(3);
    const stop = await plantProcess('can', health, {
      ...{ HEALTH_PORT: String(health), PLANT_PORT: String(plant), PLANT_AGENT_PORT: String(own) },
      ...{ PLANT_MACHINES: String(devices), PLANT_PERIOD_MS: String(period_ms) },
    });
    const sections = names(devices).map(
      (id, i) => `  - { id: ${id}, connection: bus, model: machine, can: { source: ${i + 1} } }`,
    );
    const profile = `${HEAD}connections:
  - { name: bus, protocol: can, host: 127.0.0.1, port: ${plant}, can: { link: udp, listen_port: ${own} } }
models:
  machine:
    points:
      - { metric: temperature, scale: { factor: 0.03125, offset: -273 }, can: { pgn: 0xff10, start: 0, length: 16 } }
      - { metric: setpoint, scale: { factor: 0.1 }, can: { pgn: 0xff10, start: 16, length: 16 } }
      - { metric: count, can: { pgn: 0xff10, start: 32, length: 32 } }
devices:
${sections.join('\n')}
`;
    return { profile, stop };
  },
};

const bacnet: ProtocolRig = {
  name: 'bacnet',
  async start({ devices, period_ms }) {
    const [health = 0, plant = 0, own = 0] = await freePorts(3);
    const env = { HEALTH_PORT: String(health), PLANT_PORT: String(plant) };
    const stop = await plantProcess('bacnet', health, env);
    const at = `bacnet: { address: "127.0.0.1:${plant}" }`;
    const sections = names(devices).map((id) => `  - { id: ${id}, connection: net, model: boiler, ${at} }`);
    const profile = `${HEAD}connections:
  - { name: net, protocol: bacnet, bacnet: { interface: 127.0.0.1, port: ${own}, broadcast: 127.0.0.1 } }
${bacnetBoiler(period_ms)}devices:
${sections.join('\n')}
`;
    return { profile, stop };
  },
};

/** One server whose boiler every device of the profile is: what it has moves all the time, so that each scan tells something. */
const opcua: ProtocolRig = {
  name: 'opcua',
  async start({ devices, period_ms }) {
    const [port = 0] = await freePorts(1);
    const data = mkdtempSync(join(tmpdir(), 'millrace-bench-opcua-'));
    const end = await plantProcess('opcua', port, { PLANT_DATA_DIR: data });
    const sections = names(devices).map((id) => `  - { id: ${id}, connection: plc, model: boiler }`);
    const profile = `${HEAD}connections:
  - { name: plc, protocol: opcua, opcua: { endpoint: "opc.tcp://127.0.0.1:${port}", policy: None } }
models:
  boiler:
    namespace: urn:millrace:plant
    scan_ms: ${period_ms}
    points: [{ metric: temperature, node: s=Boiler.Temperature }]
devices:
${sections.join('\n')}
`;
    return { profile, stop: () => end().finally(() => rmSync(data, { recursive: true, force: true })) };
  },
};

const mqttListener: ProtocolRig = {
  name: 'mqtt-listener',
  counter: 'count',
  start: (scale) => posting(scale, 'mqtt-listener', (port) => ({ PLANT_AGENT: `mqtt://127.0.0.1:${port}` })),
};

const amqp = brokered('amqp', QUEUE);
const amqp091 = brokered('amqp-0-9-1', QUEUE);

export const RIGS: readonly ProtocolRig[] = [
  ...[modbus, mqtt, sparkplug, http, webSocket, coap, can, mqttListener],
  ...[amqp, amqp091, coapTcp, bacnet, mstp, opcua],
];
