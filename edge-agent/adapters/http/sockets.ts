/** The WebSockets of devices: one each, answers in the order of the frames, commands down the same socket. */
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { AdapterError, type FieldValue } from '../../adapter';
import { PayloadError } from '../../wire/payload';
import { type Entry } from '../../wire/posts/entries';
import { commandFrame, decodeFrame } from './codec';
import { type Answer, problem } from './server';

export interface SocketHost {
  /** Resolves when the entries are durable, or with why they were not taken. May throw PayloadError through `entries`. */
  take(address: string, entries: () => readonly Entry[]): Promise<Answer>;
  came(address: string): void;
  left(address: string, reason: string): void;
}

interface Order {
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: AdapterError): void;
}

interface Line {
  readonly socket: WebSocket;
  readonly orders: Map<number, Order>;
  /** Frames that are not answered yet. */
  unanswered: number;
  /** Resolves when the frame before is answered. */
  last: Promise<void>;
  alive: boolean;
}

/** Frames of one device that may wait for the disk; then nothing more is read of its socket. */
export const MAX_UNANSWERED = 64;
/** Commands of one device that may wait for its answer. */
const MAX_ORDERS = 64;
/** A socket without a sign of life for two of these is gone. */
const BEAT_MS = 15_000;
const TAKEN_OVER = 4_000;
const TURNED_OUT = 4_003;

export class Sockets {
  private readonly server: WebSocketServer;
  private readonly lines = new Map<string, Line>();
  private readonly beat: NodeJS.Timeout;
  private command_id = 0;

  constructor(
    maxBytes: number,
    private readonly host: SocketHost,
  ) {
    this.server = new WebSocketServer({ noServer: true, maxPayload: maxBytes, perMessageDeflate: false });
    this.beat = setInterval(() => this.ping(), BEAT_MS).unref();
  }

  get size(): number {
    return this.lines.size;
  }

  has(address: string): boolean {
    return this.lines.has(address);
  }

  accept(address: string, req: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.server.handleUpgrade(req, stream, head, (socket) => {
      // A device that comes again has lost its socket before we noticed.
      this.lines.get(address)?.socket.close(TAKEN_OVER, 'the device came again');
      const line: Line = { socket, orders: new Map(), unanswered: 0, last: Promise.resolve(), alive: true };
      this.lines.set(address, line);
      socket.on('message', (data: RawData, binary: boolean) => this.frame(address, line, data as Buffer, binary));
      socket.on('pong', () => (line.alive = true));
      socket.on('error', (error) => this.gone(address, line, error.message));
      socket.on('close', (code) => this.gone(address, line, `the socket was closed: ${code}`));
      this.host.came(address);
    });
  }

  command(address: string, metric: string, value: FieldValue, timeout_ms: number): Promise<void> {
    const line = this.lines.get(address);
    const fail = (code: 'not-connected' | 'timeout', text: string): AdapterError =>
      new AdapterError(code, 'write', `${address}/${metric}: ${text}`);
    if (!line) return Promise.reject(fail('not-connected', 'no socket'));
    if (line.orders.size >= MAX_ORDERS) return Promise.reject(fail('not-connected', `${MAX_ORDERS} commands wait`));
    const id = ++this.command_id;
    return new Promise((resolve, reject) => {
      const give_up = (): void => {
        line.orders.delete(id);
        reject(fail('timeout', `no answer within ${timeout_ms} ms`));
      };
      line.orders.set(id, { timer: setTimeout(give_up, timeout_ms), resolve, reject });
      line.socket.send(commandFrame(id, metric, value));
    });
  }

  turnOut(address: string, reason: string): void {
    const line = this.lines.get(address);
    if (!line) return;
    line.socket.close(TURNED_OUT, reason);
    this.gone(address, line, reason);
  }

  close(): void {
    clearInterval(this.beat);
    for (const [address, line] of [...this.lines]) {
      this.gone(address, line, 'the agent is stopping');
      line.socket.terminate();
    }
    this.server.close();
  }

  private frame(address: string, line: Line, bytes: Buffer, binary: boolean): void {
    line.alive = true;
    if (this.lines.get(address) !== line) return;
    let frame;
    try {
      frame = decodeFrame(bytes, binary);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      return this.answer(line, this.refuse(address, error));
    }
    if (frame.kind === 'outcome') return this.outcome(line, frame);
    const { entries } = frame;
    this.answer(
      line,
      this.host.take(address, () => entries),
    );
  }

  /** Told to the desk as well, which counts it and keeps it for the status. */
  private refuse(address: string, error: PayloadError): Promise<Answer> {
    return this.host.take(address, () => {
      throw error;
    });
  }

  private answer(line: Line, outcome: Promise<Answer>): void {
    if (++line.unanswered >= MAX_UNANSWERED) line.socket.pause();
    const settled = outcome.catch((error: unknown) => problem(500, (error as Error).message));
    line.last = line.last.then(async () => {
      const { body } = await settled;
      if (line.socket.readyState === line.socket.OPEN) line.socket.send(JSON.stringify(body));
      if (line.unanswered-- === MAX_UNANSWERED) line.socket.resume();
    });
  }

  private outcome(line: Line, { command, ok, reason }: { command: number; ok: boolean; reason: string }): void {
    const order = line.orders.get(command);
    if (!order) return;
    line.orders.delete(command);
    clearTimeout(order.timer);
    if (ok) order.resolve();
    else order.reject(new AdapterError('device-exception', 'write', reason || 'the device refuses the command'));
  }

  private gone(address: string, line: Line, reason: string): void {
    for (const { timer, reject } of line.orders.values()) {
      clearTimeout(timer);
      reject(new AdapterError('closed', 'write', `${address}: ${reason}`));
    }
    line.orders.clear();
    if (this.lines.get(address) !== line) return;
    this.lines.delete(address);
    this.host.left(address, reason);
  }

  private ping(): void {
    for (const line of this.lines.values()) {
      if (!line.alive) line.socket.terminate();
      line.alive = false;
      line.socket.ping();
    }
  }
}
