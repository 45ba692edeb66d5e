/** Simulated devices on npm mqtt that connect to the agent: numbered readings until they are acknowledged, commands with their answer. */
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { Faults } from '../mqtt/faults';
import { posted, rebooted, temperatureAt } from '../boiler';
import { type Acknowledged } from '../ledger';

export interface PlantOptions {
  /** Such as mqtt://127.0.0.1:1883 */
  readonly agent: string;
  readonly period_ms: number;
  /** Token by device. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly version?: 4 | 5;
  readonly qos?: 1 | 2;
  readonly acknowledged?: Acknowledged;
}

interface Machine {
  readonly name: string;
  client: MqttClient | undefined;
  /** It has subscribed to its commands. */
  ready: boolean;
  seq: number;
  busy: boolean;
  setpoint: number;
}

const RECONNECT_MS = 100;
/** A length that no packet has. */
const GARBAGE = 'f0ffffffffff';

export class Plant {
  readonly faults = new Faults(() => this.sendGarbage());
  readonly writes: { count: number; last?: { device: string; value: number } } = { count: 0 };
  /** Messages that were acknowledged. */
  acknowledged = 0;
  running = false;
  private readonly machines: readonly Machine[];
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    this.machines = Object.keys(options.tokens).map((name) => ({
      ...{ name, client: undefined, ready: false, seq: Date.now(), busy: false, setpoint: 65 },
    }));
  }

  get connections(): number {
    return this.machines.filter((m) => m.client?.connected === true).length;
  }

  start(): Promise<void> {
    this.running = true;
    for (const machine of this.machines) machine.client = this.connect(machine);
    this.beat = setInterval(() => this.machines.forEach((m) => this.speak(m)), this.options.period_ms);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.running = false;
    clearInterval(this.beat);
    await Promise.all(this.machines.flatMap(({ client }) => (client ? [client.endAsync(true)] : [])));
    for (const machine of this.machines) Object.assign(machine, { client: undefined, ready: false, busy: false });
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private connect(machine: Machine): MqttClient {
    const { agent, tokens, version = 4 } = this.options;
    const { name } = machine;
    const options: IClientOptions = {
      ...{ protocolVersion: version, clientId: `plant-${name}`, clean: false, reconnectPeriod: RECONNECT_MS },
      ...{ username: name, password: tokens[name] ?? '', connectTimeout: 5_000, reconnectOnConnackError: true },
      ...(version === 5 && { properties: { sessionExpiryInterval: 3_600 } }),
      will: {
        topic: `v1/devices/${name}/readings`,
        payload: Buffer.from('{"values":{"lost":true}}'),
        qos: 1,
        retain: false,
      },
    };
    const client = connect(agent, options);
    // Without its answer a command is not acknowledged.
    client.handleMessage = (packet, done) => {
      this.faults.whenAsked(() => this.obey(machine, client, packet, done));
    };
    client.on('connect', () =>
      client.subscribe(`v1/devices/${name}/commands/+`, { qos: 1 }, (error) => {
        machine.ready = !error && machine.client === client;
      }),
    );
    // The agent is away: mqtt tries again by itself.
    client.on('error', () => undefined);
    return client;
  }

  private speak(machine: Machine): void {
    const { kind } = this.faults.current;
    if (machine.busy || kind === 'drop' || !machine.client || !machine.ready) return;
    machine.busy = true;
    const ts = Date.now();
    const { seq, setpoint, client } = machine;
    const temperature = temperatureAt(ts);
    const good = { temperature, count: seq, setpoint };
    const values = posted(good, kind);
    client.publish(
      `v1/devices/${machine.name}/readings`,
      JSON.stringify({ seq, ts, values }),
      { qos: this.options.qos ?? 1 },
      (error) => {
        if (machine.client !== client) return;
        machine.busy = false;
        if (error) return;
        this.acknowledged++;
        this.options.acknowledged?.(machine.name, seq);
        machine.seq++;
      },
    );
  }

  private obey(machine: Machine, client: MqttClient, packet: IPublishPacket, done: () => void): void {
    machine.setpoint = Number(JSON.parse(packet.payload.toString()));
    this.writes.count++;
    this.writes.last = { device: machine.name, value: machine.setpoint };
    done();
    client.publish(`${packet.topic}/answer`, '{"ok":true}', { qos: 1 });
  }

  private sendGarbage(): void {
    for (const { client } of this.machines) client?.stream.write(Buffer.from(GARBAGE, 'hex'));
  }
}
