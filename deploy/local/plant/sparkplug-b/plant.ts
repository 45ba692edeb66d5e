/**
 * An edge node that speaks Sparkplug B, with its devices and their broker, on stacks written by others (npm aedes, mqtt and
 * sparkplug-payload), so that our host meets strangers. Data carries aliases alone.
 *   spBv1.0/plant/…/edge/<device>   temperature (Double), setpoint (Double, takes DCMD), count (UInt64)
 */
import { type Socket } from 'node:net';
import mqtt, { type MqttClient } from 'mqtt';
import { get } from 'sparkplug-payload';
import { type UPayload } from 'sparkplug-payload/lib/sparkplugbpayload';
import { PlantBroker } from '../mqtt/broker';
import { type Fault, Faults } from '../mqtt/faults';
import { rebooted } from '../boiler';

export interface PlantOptions {
  readonly host: string;
  readonly port: number;
  readonly period_ms: number;
  readonly devices: readonly string[];
}

export const GROUP = 'plant';
export const NODE = 'edge';
const ALIASES = { temperature: 1, setpoint: 2, count: 3 } as const;
const PER_DEVICE = 10;
const codec = get('spBv1.0');
if (!codec) throw new Error('sparkplug-payload has no spBv1.0');
const { encodePayload, decodePayload } = codec;

interface Device {
  setpoint: number;
  count: number;
}

export class Plant {
  readonly broker: PlantBroker;
  readonly faults: Faults;
  readonly writes: { count: number; last: { device: string; value: unknown } | undefined } = {
    count: 0,
    last: undefined,
  };
  rebirths = 0;
  private readonly devices: ReadonlyMap<string, Device>;
  private client: MqttClient | undefined;
  private beat: NodeJS.Timeout | undefined;
  private seq = 0;
  private bdSeq = 0;
  private presence: 'away' | 'joining' | 'there' = 'away';

  constructor(private readonly options: PlantOptions) {
    this.broker = new PlantBroker(options.host, options.port, {});
    this.faults = new Faults(() =>
      this.broker.sendGarbage((this.client?.stream as Partial<Socket> | undefined)?.localPort),
    );
    this.devices = new Map(options.devices.map((name) => [name, { setpoint: 65, count: 0 }] as const));
  }

  get running(): boolean {
    return this.broker.running;
  }

  get connections(): number {
    return this.broker.connections - (this.client?.connected === true ? 1 : 0);
  }

  /** Resolves when the port listens; the node comes by itself. */
  async start(): Promise<void> {
    await this.broker.start();
    this.join();
    this.beat = setInterval(() => this.tick(), this.options.period_ms);
  }

  async stop(): Promise<void> {
    clearInterval(this.beat);
    this.leave();
    await this.broker.stop();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  async end(): Promise<void> {
    await this.stop();
    await this.broker.end();
  }

  private join(): void {
    const { host, port } = this.options;
    this.bdSeq = (this.bdSeq + 1) % 256;
    const will = this.death();
    const client = mqtt.connect({
      ...{ host, port, protocol: 'mqtt', clean: true, reconnectPeriod: 0, clientId: `${NODE}-${this.bdSeq}` },
      will: { topic: topic('NDEATH'), payload: Buffer.from(encodePayload(will)), qos: 1, retain: false },
    });
    this.client = client;
    this.presence = 'joining';
    client.on('error', () => undefined);
    client.on('connect', () => {
      client.subscribe([topic('NCMD'), `${topic('DCMD')}/+`], () => {
        if (this.client !== client) return;
        this.presence = 'there';
        this.born();
      });
    });
    client.on('close', () => {
      if (this.client === client) this.leave();
    });
    client.on('message', (to, bytes) => this.faults.whenAsked(() => this.obey(to, decodePayload(bytes))));
  }

  /** As a node that loses its power: the broker tells its will. */
  private leave(): void {
    const { client } = this;
    this.client = undefined;
    this.presence = 'away';
    client?.stream.destroy();
    client?.end(true);
  }

  private tick(): void {
    const { kind } = this.faults.current;
    if (kind === 'drop') return this.leave();
    if (this.presence === 'away') return this.join();
    if (this.presence === 'joining') return;
    for (const [name, device] of this.devices) this.send('DDATA', name, this.values(name, device, false));
  }

  private born(): void {
    this.seq = 0;
    this.publish('NBIRTH', '', {
      timestamp: Date.now(),
      seq: 0,
      metrics: [...(this.death().metrics ?? []), { name: 'Node Control/Rebirth', type: 'Boolean', value: false }],
    });
    for (const [name, device] of this.devices) this.send('DBIRTH', name, this.values(name, device, true));
  }

  private death(): UPayload {
    return { timestamp: Date.now(), metrics: [{ name: 'bdSeq', type: 'UInt64', value: this.bdSeq }] };
  }

  private values(name: string, device: Device, birth: boolean): UPayload['metrics'] {
    const first = PER_DEVICE * [...this.devices.keys()].indexOf(name);
    const now = Date.now();
    const temperature = 60 + 5 * Math.sin(now / 20_000);
    device.count++;
    const { current }: { current: Fault } = this.faults;
    const of = (metric: keyof typeof ALIASES, type: 'Double' | 'UInt64', value: number): object => ({
      ...(birth && { name: metric }),
      ...{ alias: first + ALIASES[metric], timestamp: now, type },
      ...(current.kind === 'exception' && !birth ? { value: null, isNull: true } : { value }),
    });
    return [
      of('temperature', 'Double', temperature),
      of('setpoint', 'Double', device.setpoint),
      of('count', 'UInt64', device.count),
    ] as UPayload['metrics'];
  }

  private send(type: 'DBIRTH' | 'DDATA', device: string, metrics: UPayload['metrics']): void {
    this.publish(type, device, { timestamp: Date.now(), seq: this.next(), ...(metrics && { metrics }) });
  }

  private next(): number {
    return (this.seq = (this.seq + 1) % 256);
  }

  private publish(type: string, device: string, payload: UPayload): void {
    const to = device === '' ? topic(type) : `${topic(type)}/${device}`;
    this.client?.publish(to, Buffer.from(encodePayload(payload)), { qos: 0 });
  }

  private obey(to: string, { metrics = [] }: UPayload): void {
    const device = to.split('/')[4] ?? '';
    for (const { name, value } of metrics ?? []) {
      if (device === '' && name === 'Node Control/Rebirth') {
        this.rebirths++;
        this.born();
      }
      const known = this.devices.get(device);
      if (!known || name !== 'setpoint') continue;
      this.writes.count++;
      this.writes.last = { device, value };
      known.setpoint = Number(value);
    }
  }
}

const topic = (type: string): string => `spBv1.0/${GROUP}/${type}/${NODE}`;
