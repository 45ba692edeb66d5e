/** The tunnel of cannelloni: a UDP socket, and the far end that frames come from and go to. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { decodeDatagram, encodeDatagram } from './cannelloni';
import { type CanFrame, FrameError } from './frame';
import { type Link, type LinkEvents, type OpenLink, SendError } from './link';
import { type LinkSettings } from './settings';

type Udp = Extract<LinkSettings, { kind: 'udp' }>;

export const udpLink =
  (settings: Udp): OpenLink =>
  (events) =>
    new UdpLink(settings, events);

class UdpLink implements Link {
  private readonly socket: Socket;
  private peer = '';
  private sequence = 0;
  /** Number of the last datagram; absent: none came yet. */
  private last: number | undefined;
  private ended = false;

  constructor(
    private readonly settings: Udp,
    private readonly events: LinkEvents,
  ) {
    this.socket = createSocket(settings.host.includes(':') ? 'udp6' : 'udp4');
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('message', (bytes, from) => this.received(bytes, from.address));
    this.open().catch((error: unknown) => this.fail(error as Error));
  }

  send(frame: CanFrame): Promise<void> {
    const { port } = this.settings;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new SendError('closed', 'the tunnel is closed'));
      this.socket.send(encodeDatagram(this.sequence++, frame), port, this.peer, (error) =>
        error ? reject(new SendError('refused', error.message)) : resolve(),
      );
    });
  }

  close(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.ended = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private async open(): Promise<void> {
    const { host, listen, listen_port } = this.settings;
    this.peer = (await lookup(host)).address;
    if (this.ended) return;
    this.socket.bind(listen_port, listen, () => this.events.open());
  }

  /** Frames are taken from the far end only: on this port anybody could speak. */
  private received(bytes: Buffer, from: string): void {
    if (this.ended) return;
    if (from !== this.peer) return this.events.count('strangers', 1);
    try {
      const { sequence, frames, errors } = decodeDatagram(bytes);
      if (this.last !== undefined) {
        const lost = (sequence - this.last - 1) & 0xff;
        // Half of the numbers ahead is behind: late, or the far end began anew.
        if (lost > 0 && lost < 0x80) this.events.count('lost_datagrams', lost);
      }
      this.last = sequence;
      if (errors > 0) this.events.count('bus_errors', errors);
      for (const frame of frames) this.events.frame(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.events.count('malformed', 1);
    }
  }

  private fail(error: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.close();
    this.events.closed(error);
  }
}
