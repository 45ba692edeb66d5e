/** BACnet/IP's socket. What is sent to nobody in particular goes to the broadcast address. */
import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { type Below } from './carrier';
import { addressOf } from './errors';
import { DEFAULT_PORT } from './settings';

/** Octets of a datagram with its header. */
const MAX_PAYLOAD = 1_482;

export class Udp extends EventEmitter implements Below {
  private readonly socket = createSocket({ type: 'udp4', reuseAddr: true });

  constructor(
    private readonly own: { readonly bind: string; readonly port: number },
    private readonly broadcast: string,
  ) {
    super();
    this.socket.on('message', (bytes, { address, port }) => this.emit('message', bytes, `${address}:${port}`));
    this.socket.on('error', (error) => this.emit('error', error));
  }

  open(): void {
    const { bind, port } = this.own;
    this.socket.bind(port, bind === '' ? undefined : bind, () => {
      this.socket.setBroadcast(true);
      this.emit('listening', this.socket.address());
    });
  }

  getBroadcastAddress(): string {
    return this.broadcast;
  }

  getMaxPayload(): number {
    return MAX_PAYLOAD;
  }

  send(bytes: Buffer, length: number, receiver: string = this.broadcast): void {
    const [host, port = DEFAULT_PORT] = addressOf(receiver).split(':');
    this.socket.send(bytes, 0, length, Number(port), host);
  }

  close(): void {
    this.socket.close();
  }
}
