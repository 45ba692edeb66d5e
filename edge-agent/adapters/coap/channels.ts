/** CoAP over TCP and TLS: the connections of devices, and those to devices. What an endpoint over UDP is. */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Channel, type ChannelHost, CSM_MS } from './channel';
import { CODE, type Message, NOTHING } from './codec';
import { type CoapEndpoint, type EndpointHost, MAX_PENDING, type Peer, type Request, RequestError } from './endpoint';

export interface ChannelSettings {
  readonly max_body_bytes: number;
  /** Undefined: TCP in the clear. */
  readonly tls:
    { readonly cert_file: string; readonly key_file: string; readonly ca_file: string | undefined } | undefined;
}

interface Pending {
  readonly channel: Channel;
  readonly timer: NodeJS.Timeout;
  readonly request: Request;
  settled: boolean;
  resolve(message: Message): void;
  reject(error: RequestError): void;
}

/** Connections at once. */
const MAX_CHANNELS = 1_024;
/** Room for token and options beside the payload, bytes. */
const OVERHEAD_BYTES = 4_096;
/** RFC 8323, 8.2 */
const ALPN = ['coap'];

export class Channels implements CoapEndpoint {
  private readonly channels = new Map<string, Channel>();
  private readonly pending = new Map<string, Pending>();
  private readonly peers: ChannelHost;
  private server: Server | undefined;
  private last_token = 0;

  constructor(
    private readonly host: EndpointHost,
    private readonly settings: ChannelSettings,
  ) {
    this.peers = {
      judge: (message, peer) => host.judge(message, peer),
      take: (message, peer) => host.take(message, peer),
      dropped: (reason) => host.dropped(reason),
      answered: (channel, message) => this.answered(channel, message),
      ended: (channel, reason) => this.ended(channel, reason),
    };
  }

  get listening(): boolean {
    return this.server !== undefined;
  }

  /** Throws when a file that the profile names cannot be read. */
  open(host: string, port: number, opened: () => void): void {
    const { tls } = this.settings;
    const joined = (socket: Socket): void => {
      const { remoteAddress: address = '', remotePort = 0 } = socket;
      this.join(socket, { address, port: remotePort });
    };
    const secrets = tls && {
      ...{ cert: readFileSync(tls.cert_file), key: readFileSync(tls.key_file) },
      ...{ ALPNProtocols: ALPN, handshakeTimeout: CSM_MS },
    };
    const server = secrets ? createTlsServer(secrets, joined) : createServer({ noDelay: true }, joined);
    server.maxConnections = MAX_CHANNELS;
    server.on('error', (error) => {
      this.server = undefined;
      this.host.failed(error);
    });
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.host.dropped(error.message);
      socket.destroy();
    });
    server.listen(port, host, () => {
      this.server = server;
      opened();
    });
  }

  close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const token of [...this.pending.keys()]) this.reject(token, new RequestError('closed', 'closed'));
    for (const channel of this.channels.values()) channel.close();
    return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  request(peer: Peer, request: Request): { token: string; answer: Promise<Message> } {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(++this.last_token >>> 0);
    bytes.writeUInt32BE(Math.floor(this.host.random() * 2 ** 32), 4);
    const token = bytes.toString('hex');
    const { code, options = [], payload = NOTHING, timeout_ms } = request;
    const answer = new Promise<Message>((resolve, reject) => {
      if (!this.server) return reject(new RequestError('closed', 'no socket'));
      if (this.pending.size >= MAX_PENDING) return reject(new RequestError('full', `${MAX_PENDING} requests wait`));
      const channel = this.channels.get(keyOf(peer)) ?? this.dial(peer);
      if (!channel) return reject(new RequestError('closed', 'the device is not connected'));
      const give_up = (): void => this.reject(token, new RequestError('timeout', `no answer within ${timeout_ms} ms`));
      const timer = setTimeout(give_up, timeout_ms);
      this.pending.set(token, { channel, timer, request, settled: false, resolve, reject });
      if (!channel.send({ code, token: bytes, options, payload }))
        this.reject(token, new RequestError('reset', 'the device does not take messages of that length'));
    });
    return { token, answer };
  }

  forget(token: string): void {
    this.reject(token, new RequestError('closed', 'not asked for any more'));
  }

  private join(socket: Socket, peer: Peer): Channel {
    const channel = new Channel(socket, peer, this.settings.max_body_bytes + OVERHEAD_BYTES, this.peers);
    this.channels.set(keyOf(peer), channel);
    return channel;
  }

  /** Only where the profile says where the device is: others are reached over the connection that they began. */
  private dial(peer: Peer): Channel | undefined {
    if (peer.dial !== true || this.channels.size >= MAX_CHANNELS) return undefined;
    const { address: host, port } = peer;
    const { tls } = this.settings;
    if (!tls) return this.join(connectTcp({ host, port, noDelay: true }), peer);
    const ca = tls.ca_file === undefined ? {} : { ca: readFileSync(tls.ca_file) };
    return this.join(connectTls({ host, port, ALPNProtocols: ALPN, ...ca }), peer);
  }

  private answered(channel: Channel, message: Message): void {
    const token = message.token.toString('hex');
    const pending = this.pending.get(token);
    if (pending?.channel !== channel) return this.host.dropped('an answer that nobody waits for');
    const { notify } = pending.request;
    if (pending.settled) return notify?.(message, () => undefined);
    this.settle(token, pending);
    // An observation that the device refuses is none (RFC 7641, 4.1).
    if (message.code >= CODE.badRequest) this.pending.delete(token);
    pending.resolve(message);
  }

  private settle(token: string, pending: Pending): void {
    clearTimeout(pending.timer);
    pending.settled = true;
    if (!pending.request.notify) this.pending.delete(token);
  }

  private reject(token: string, error: RequestError): void {
    const pending = this.pending.get(token);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.pending.delete(token);
    pending.reject(error);
  }

  /** Requests under way fail; observations are told to end. */
  private ended(channel: Channel, reason: string): void {
    if (this.channels.get(keyOf(channel.peer)) === channel) this.channels.delete(keyOf(channel.peer));
    for (const [token, { channel: its, settled, request }] of [...this.pending]) {
      if (its !== channel) continue;
      this.reject(token, new RequestError('closed', reason));
      if (settled) request.lost?.();
    }
  }
}

const keyOf = ({ address, port }: Peer): string => `${address}:${port}`;
