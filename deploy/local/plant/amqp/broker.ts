/**
 * The plant's broker: npm rhea as the listening side, AMQP 1.0. One queue that keeps a message until it is settled, also over a
 * reboot, and addresses that take what clients send.
 */
import { type Server, type Socket } from 'node:net';
import { type Container, create_container, type EventContext, type Sender } from 'rhea';
import { type Consumer, MessageQueue } from '../queue';

const GARBAGE = Buffer.from('000000ff0a01deadbeef00ff1234', 'hex');
interface Queued {
  readonly subject: string;
  readonly body: Buffer;
}

export interface Handed {
  readonly address: string;
  readonly body: Buffer;
  accept(): void;
}

export class PlantBroker {
  readonly messages = new MessageQueue<Queued>();
  private readonly sockets = new Set<Socket>();
  private readonly consumers = new Map<Sender, Consumer<Queued>>();
  private server: Server | undefined;

  /** `users`: names and passwords; anybody when absent. */
  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly queue: string,
    private readonly take: (message: Handed) => void,
    private readonly users?: Readonly<Record<string, string>>,
  ) {}

  get running(): boolean {
    return this.server !== undefined;
  }

  get acknowledged(): number {
    return this.messages.acknowledged;
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    const server = this.container().listen({ host: this.host, port: this.port });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', resolve);
    });
    this.server = server;
  }

  /** The port is closed and connections are cut; messages stay. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy(new Error('the plant stops'));
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    for (const sender of [...this.consumers.keys()]) this.forget(sender);
  }

  publish(subject: string, body: Buffer): void {
    this.messages.put({ subject, body });
  }

  /** Bytes that are not AMQP, on every connection. */
  sendGarbage(): void {
    for (const socket of this.sockets) socket.write(GARBAGE);
  }

  private container(): Container {
    const container = create_container({ id: 'plant', autoaccept: false });
    const { users } = this;
    if (users) container.sasl_server_mechanisms.enable_plain((name: string, word: string) => users[name] === word);
    container.on('sender_open', ({ sender }: EventContext) => sender && this.opened(container, sender));
    container.on('sendable', () => this.messages.deal());
    container.on('accepted', ({ delivery }: EventContext) => this.messages.settled(delivery, 'acknowledged'));
    container.on('rejected', ({ delivery }: EventContext) => this.messages.settled(delivery, 'rejected'));
    container.on('sender_close', ({ sender }: EventContext) => sender && this.forget(sender));
    container.on('receiver_open', ({ receiver }: EventContext) => {
      if (receiver) receiver.set_target({ address: receiver.target.address });
    });
    container.on('message', ({ message, delivery, receiver }: EventContext) => {
      const address = receiver?.target.address;
      const body = (message?.body as { content?: Buffer } | undefined)?.content;
      if (delivery && body && typeof address === 'string')
        this.take({ address, body, accept: () => delivery.accept() });
    });
    container.on('disconnected', ({ connection }: EventContext) => {
      for (const sender of [...this.consumers.keys()]) if (sender.connection === connection) this.forget(sender);
    });
    for (const event of ['connection_error', 'connection_close', 'protocol_error', 'error', 'session_error'])
      container.on(event, () => undefined);
    return container;
  }

  private opened({ message }: Container, sender: Sender): void {
    const { address } = sender.source;
    if (address !== this.queue) return sender.close({ condition: 'amqp:not-found', description: `no ${address}` });
    sender.set_source({ address });
    const consumer: Consumer<Queued> = {
      ready: () => sender.is_open() && sender.sendable(),
      send: ({ subject, body }, again) => {
        const data: unknown = message.data_section(body);
        return sender.send({ subject, body: data, durable: true, delivery_count: again });
      },
    };
    this.consumers.set(sender, consumer);
    this.messages.join(consumer);
  }

  /** What it did not settle comes again. */
  private forget(sender: Sender): void {
    const consumer = this.consumers.get(sender);
    this.consumers.delete(sender);
    if (consumer) this.messages.leave(consumer);
  }
}
