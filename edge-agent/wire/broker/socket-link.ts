/** One connection to a broker over TCP or TLS: its time limit, its heartbeat, its end. What is said over it is the protocol's business. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type TlsSection } from '../../core/profile/types-mqtt';
import { secretOf, tlsOptions } from '../tls';
import { type LinkListener } from './session';

export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSection | undefined;
  readonly connect_timeout_ms: number;
}

/** Read at each attempt. Throws when its file cannot be read: the caller takes it for a failed attempt. */
export const passwordOf = <P>({
  password,
  password_file,
}: {
  password: P;
  password_file: string | undefined;
}): P | string => (password_file === undefined ? password : secretOf(password_file));

export abstract class SocketLink<M> {
  private socket: Socket | undefined;
  private connecting: NodeJS.Timeout | undefined;
  private beats: NodeJS.Timeout | undefined;
  private isOpen = false;
  private ended = false;
  /** Beats since the broker said something. */
  private unheard = 0;
  private reason: Error | undefined;

  constructor(
    private readonly place: BrokerPlace,
    private readonly protocol: string,
    protected readonly listener: LinkListener<M>,
  ) {}

  get alive(): boolean {
    return this.isOpen;
  }

  protected get destroyed(): boolean {
    return this.socket?.destroyed ?? true;
  }

  destroy(reason: Error): void {
    this.reason ??= reason;
    this.socket?.destroy();
  }

  /** In order when the session is open. */
  close(reason: Error): void {
    this.reason ??= reason;
    if (!this.isOpen) return this.destroy(reason);
    this.farewell();
    this.end();
    this.socket?.destroySoon();
  }

  /** The connection is there: what is said first. */
  protected abstract greet(): void;
  /** May throw: the connection is of no more use. */
  protected abstract take(chunk: Buffer): void;
  /** What is said last. */
  protected abstract farewell(): void;
  /** Nothing goes over it any more. */
  protected abstract gone(reason: Error): void;

  /** To be called once, by the constructor. Throws when a file that the profile names cannot be read. */
  protected open(): void {
    const { host, port, tls, connect_timeout_ms } = this.place;
    const socket = tls ? connectTls({ host, port, ...tlsOptions(tls) }) : connectTcp({ host, port, noDelay: true });
    this.socket = socket;
    const late = `no ${this.protocol} session with ${host}:${port} within ${connect_timeout_ms} ms`;
    this.connecting = setTimeout(() => this.destroy(new Error(late)), connect_timeout_ms);
    socket.on(tls ? 'secureConnect' : 'connect', () => this.greet());
    socket.on('data', (chunk: Buffer) => this.data(chunk));
    socket.on('error', (error) => (this.reason ??= error));
    socket.on('close', () => this.end());
  }

  /** The session is there. */
  protected opened(): void {
    if (this.isOpen) return;
    clearTimeout(this.connecting);
    this.isOpen = true;
    this.listener.opened();
  }

  protected send(bytes: Buffer): void {
    if (this.socket?.writable) this.socket.write(bytes);
  }

  protected pause(stop: boolean): void {
    if (!this.socket || stop === this.socket.isPaused()) return;
    if (stop) this.socket.pause();
    else this.socket.resume();
  }

  /** Beats when nothing else was to be sent are more than asked for. `beats`: so many without a word end the connection. */
  protected startBeat(every_ms: number, beats: number, beat: () => void): void {
    this.beats = setInterval(() => {
      if (this.unheard >= beats && this.socket?.isPaused() === false)
        return this.destroy(new Error('the broker has fallen silent'));
      this.unheard++;
      beat();
    }, every_ms);
  }

  private data(chunk: Buffer): void {
    this.unheard = 0;
    try {
      this.take(chunk);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.isOpen = false;
    clearTimeout(this.connecting);
    clearInterval(this.beats);
    const { host, port } = this.place;
    const reason = this.reason ?? new Error(`${host}:${port} closed the connection`);
    this.gone(reason);
    this.listener.closed(reason);
  }
}
