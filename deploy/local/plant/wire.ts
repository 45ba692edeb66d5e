/**
 * A stretch of wire that misbehaves on demand: forwards TCP to a simulated device, holds back what the device answers, puts
 * nonsense on it, cuts it. For protocols whose stack is a library's: the fault is on the wire, where faults are.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes held back before the connection is cut. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

interface Pair {
  readonly client: Socket;
  readonly device: Socket;
  held: Buffer[];
  held_bytes: number;
}

export class Wire {
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private silent = false;
  private delay_ms = 0;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly target: number,
  ) {}

  get up(): boolean {
    return this.server !== undefined;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Resolves when the port listens. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer((client) => this.join(client));
      server.once('error', reject);
      server.listen(this.port, this.host, () => {
        this.server = server;
        resolve();
      });
    });
  }

  /** Cuts every connection; nothing listens any more. */
  stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const pair of [...this.pairs]) this.cut(pair);
    return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** Requests go through, answers do not, until `behave`. */
  fallSilent(): void {
    this.silent = true;
  }

  delay(ms: number): void {
    this.delay_ms = ms;
  }

  behave(): void {
    this.silent = false;
    this.delay_ms = 0;
    for (const pair of this.pairs) {
      for (const bytes of pair.held.splice(0)) pair.client.write(bytes);
      pair.held_bytes = 0;
    }
  }

  garbage(): void {
    for (const { client } of this.pairs) client.write(Buffer.from('00ff1234deadbeef00ff1234deadbeef', 'hex'));
  }

  private join(client: Socket): void {
    const device = connect(this.target, this.host);
    const pair: Pair = { client, device, held: [], held_bytes: 0 };
    this.pairs.add(pair);
    for (const socket of [client, device]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut(pair));
      socket.on('close', () => this.cut(pair));
    }
    client.on('data', (bytes) => device.write(bytes));
    device.on('data', (bytes) => this.answer(pair, bytes));
  }

  private answer(pair: Pair, bytes: Buffer): void {
    if (this.silent) {
      pair.held.push(bytes);
      pair.held_bytes += bytes.length;
      if (pair.held_bytes > MAX_HELD_BYTES) this.cut(pair);
    } else if (this.delay_ms > 0) setTimeout(() => pair.client.write(bytes), this.delay_ms);
    else pair.client.write(bytes);
  }

  private cut(pair: Pair): void {
    if (!this.pairs.delete(pair)) return;
    pair.client.destroy();
    pair.device.destroy();
  }
}
