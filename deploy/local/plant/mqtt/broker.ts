/** The plant's broker: npm aedes, MQTT 3.1.1. Sessions outlive a reboot, as they do at a broker with a disk. */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions, type AedesPublishPacket } from 'aedes';

const GARBAGE = Buffer.from('f0ff1234deadbeef', 'hex');

export class PlantBroker {
  /** Messages that clients acknowledged. */
  acknowledged = 0;
  /** Told of each of them. */
  whenAcknowledged: (topic: string, payload: string) => void = () => undefined;
  private readonly sockets = new Set<Socket>();
  private broker: Aedes | undefined;
  private server: Server | undefined;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly options: AedesOptions,
  ) {}

  get running(): boolean {
    return this.server !== undefined;
  }

  get connections(): number {
    return this.broker?.connectedClients ?? 0;
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    const broker = (this.broker ??= await this.create());
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      broker.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.host, resolve);
    });
    this.server = server;
  }

  /** The port is closed and connections are cut; sessions stay. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async end(): Promise<void> {
    await this.stop();
    await new Promise<void>((resolve) => (this.broker ? this.broker.close(() => resolve()) : resolve()));
  }

  publish(topic: string, payload: Buffer | string, qos: 0 | 1 | 2): void {
    const packet = { cmd: 'publish', topic, payload, qos, retain: false, dup: false } as const;
    this.broker?.publish(packet, (error) => {
      if (error) throw error;
    });
  }

  /** Bytes that are not MQTT, on every connection but the one from this port. */
  sendGarbage(spared?: number): void {
    for (const socket of this.sockets) if (socket.remotePort !== spared) socket.write(GARBAGE);
  }

  private async create(): Promise<Aedes> {
    const sent = new Set<number>();
    const broker = await Aedes.createBroker({
      ...this.options,
      // aedes sends again without saying so, which MQTT 3.3.1-1 asks for.
      authorizeForward: (_client, packet) => {
        const counter = (packet as Partial<AedesPublishPacket>).brokerCounter;
        if (packet.qos === 0 || counter === undefined) return packet;
        packet.dup = sent.has(counter);
        sent.add(counter);
        return packet;
      },
    });
    broker.on('ack', (packet) => {
      this.acknowledged++;
      sent.delete((packet as Partial<AedesPublishPacket> | undefined)?.brokerCounter ?? NaN);
      // Of what was forgotten meanwhile nothing is known.
      if (packet?.cmd === 'publish') this.whenAcknowledged(packet.topic, packet.payload.toString());
    });
    broker.on('clientError', () => undefined);
    broker.on('connectionError', () => undefined);
    return broker;
  }
}
