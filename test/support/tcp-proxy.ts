/** A network that can be broken: relays TCP to one port, counts the bytes, and cuts, stalls or delays at a given one. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const HOST = '127.0.0.1';

interface Trigger {
  left: number;
  fire(): void;
}

export class TcpProxy {
  /** Relayed in both directions. */
  bytes = 0;
  /** Each chunk is held back this long. */
  latency_ms = 0;
  private readonly sockets = new Set<Socket>();
  private trigger: Trigger | undefined;
  private passable: Promise<void> = Promise.resolve();
  private unblock: (() => void) | undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async start(target: number, port = 0): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (socket) => proxy.accept(socket));
    server.listen(port, HOST);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get stalled(): boolean {
    return this.unblock !== undefined;
  }

  /** Resolves when exactly so many more bytes were relayed, before the next one is, or after the time. */
  afterBytes(count: number, timeout_ms: number): Promise<void> {
    this.trigger?.fire();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.trigger?.fire(), timeout_ms);
      this.trigger = {
        left: count,
        fire: () => {
          clearTimeout(timer);
          this.trigger = undefined;
          resolve();
        },
      };
    });
  }

  /** The same, with every connection cut there: half a request, or half an answer, is what arrives. */
  cutAfter(count: number, timeout_ms: number): Promise<void> {
    const at = this.afterBytes(count, timeout_ms);
    const { trigger } = this;
    if (!trigger) return at;
    const fire = trigger.fire.bind(trigger);
    trigger.fire = () => {
      this.cut();
      fire();
    };
    return at;
  }

  /** Ends every connection at once; new ones come through. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Connections stay open, also new ones, and nothing comes through any more. */
  stall(): void {
    if (this.unblock) return;
    this.passable = new Promise((resolve) => (this.unblock = resolve));
  }

  resume(): void {
    this.unblock?.();
    this.unblock = undefined;
  }

  async stop(): Promise<void> {
    this.resume();
    this.trigger?.fire();
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const upstream = connect(this.target, HOST);
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => peer.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        peer.destroy();
      });
      this.relay(socket, peer).catch(() => peer.destroy());
    }
  }

  private async relay(from: Socket, to: Socket): Promise<void> {
    if (to.connecting) await once(to, 'connect');
    for await (const chunk of from) {
      await this.passable;
      if (this.latency_ms > 0) await sleep(this.latency_ms);
      this.pass(chunk as Buffer, to);
      if (to.writableNeedDrain) await once(to, 'drain');
    }
  }

  private pass(chunk: Buffer, to: Socket): void {
    for (let rest = chunk; rest.length > 0 && !to.destroyed;) {
      const count = Math.min(this.trigger?.left ?? rest.length, rest.length);
      to.write(rest.subarray(0, count));
      rest = rest.subarray(count);
      this.bytes += count;
      if (this.trigger && (this.trigger.left -= count) === 0) this.trigger.fire();
    }
  }
}
