/** The UDP socket: who asks, who answers, what is sent again until it is acknowledged. Requests go both ways over one socket. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { CODE, CoapError, type CoapOption, decode, encode, isRequest, type Message, NOTHING } from './codec';
import { Memory } from './memory';

export interface Peer {
  readonly address: string;
  readonly port: number;
  /** A place that may be called, over TCP; absent: it came by itself. */
  readonly dial?: boolean;
}

export interface Answer {
  readonly code: number;
  readonly options?: readonly CoapOption[];
  readonly payload?: Buffer;
}

export interface Request extends Answer {
  readonly timeout_ms: number;
  /** What comes to the same token later; `ack` when it is durable. */
  notify?(message: Message, ack: () => void): void;
  /** Nothing more comes to the token: the connection is gone. */
  lost?(): void;
}

/** Over UDP, TCP or TLS. */
export interface CoapEndpoint {
  readonly listening: boolean;
  /** May throw instead of telling that it failed. */
  open(host: string, port: number, opened: () => void): void;
  close(): Promise<void>;
  /** Resolves with the first answer. With `notify` the token stays until `forget`. */
  request(peer: Peer, request: Request): { token: string; answer: Promise<Message> };
  forget(token: string): void;
}

export interface EndpointHost {
  readonly now: () => number;
  readonly random: () => number;
  /** An answer refuses a request; it is not remembered then. */
  judge(message: Message, peer: Peer): Answer | undefined;
  take(message: Message, peer: Peer): Promise<Answer>;
  /** What is no CoAP, or for nobody. */
  dropped(reason: string): void;
  failed(error: Error): void;
}

export type RequestErrorKind = 'timeout' | 'closed' | 'reset' | 'full';

export class RequestError extends Error {
  constructor(
    readonly kind: RequestErrorKind,
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

interface Pending {
  readonly timer: NodeJS.Timeout;
  readonly id: number;
  readonly notify: Request['notify'];
  settled: boolean;
  resolve(message: Message): void;
  reject(error: RequestError): void;
}

/** RFC 7252, 4.8 */
const ACK_TIMEOUT_MS = 2_000;
const ACK_RANDOM = 1.5;
const MAX_RETRANSMIT = 4;
/** Before the other side sends again, it is told that its request is here. */
const ACK_WITHIN_MS = 1_000;
/** Requests and observations under way. */
export const MAX_PENDING = 4_096;
/** Answers sent that the other side has not acknowledged. */
const MAX_SENDING = 4_096;

export class Endpoint implements CoapEndpoint {
  private socket: Socket | undefined;
  private readonly memory = new Memory();
  private readonly pending = new Map<string, Pending>();
  /** Confirmable messages until they are acknowledged, by message id. */
  private readonly sending = new Map<number, { timer: NodeJS.Timeout | undefined; token: string }>();
  private last_id: number;
  private last_token = 0;

  constructor(private readonly host: EndpointHost) {
    this.last_id = Math.floor(host.random() * 0x1_0000);
  }

  get listening(): boolean {
    return this.socket !== undefined;
  }

  open(host: string, port: number, opened: () => void): void {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.on('message', (bytes, from) => this.datagram(bytes, from));
    socket.on('error', (error) => {
      void this.end(socket);
      this.host.failed(error);
    });
    socket.bind(port, host, () => {
      this.socket = socket;
      opened();
    });
  }

  close(): Promise<void> {
    for (const { timer } of this.sending.values()) clearTimeout(timer);
    this.sending.clear();
    for (const token of [...this.pending.keys()]) this.reject(token, new RequestError('closed', 'closed'));
    const { socket } = this;
    return socket ? this.end(socket) : Promise.resolve();
  }

  request(peer: Peer, request: Request): { token: string; answer: Promise<Message> } {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(++this.last_token >>> 0);
    bytes.writeUInt32BE(Math.floor(this.host.random() * 2 ** 32), 4);
    const token = bytes.toString('hex');
    const { code, options = [], payload = NOTHING, timeout_ms, notify } = request;
    const answer = new Promise<Message>((resolve, reject) => {
      if (!this.socket) return reject(new RequestError('closed', 'no socket'));
      if (this.pending.size >= MAX_PENDING) return reject(new RequestError('full', `${MAX_PENDING} requests wait`));
      const give_up = (): void => this.reject(token, new RequestError('timeout', `no answer within ${timeout_ms} ms`));
      const id = this.nextId();
      this.pending.set(token, { timer: setTimeout(give_up, timeout_ms), id, notify, settled: false, resolve, reject });
      this.transmit({ type: 'con', code, id, token: bytes, options, payload }, peer, token);
    });
    return { token, answer };
  }

  /** The next notification is answered with a reset, which ends the observation (RFC 7641, 3.6). */
  forget(token: string): void {
    this.reject(token, new RequestError('closed', 'not asked for any more'));
  }

  private datagram(bytes: Buffer, { address, port }: RemoteInfo): void {
    let message: Message;
    try {
      message = decode(bytes);
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      return this.host.dropped(error.message);
    }
    const peer = { address, port };
    if (isRequest(message.code)) return this.asked(message, peer);
    if (message.type === 'ack' || message.type === 'rst') this.acknowledged(message);
    if (message.code !== CODE.empty) this.answered(message, peer);
    // RFC 7252, 4.3: an empty confirmable message asks whether somebody is there.
    else if (message.type === 'con') this.send({ ...EMPTY, type: 'rst', id: message.id }, peer);
  }

  private asked(message: Message, peer: Peer): void {
    const { type, id, token } = message;
    if (type !== 'con' && type !== 'non') return this.host.dropped('a request that acknowledges');
    const key = keyOf(peer, id);
    if (this.repeated(key, peer)) return;
    const refusal = this.host.judge(message, peer);
    const reply = (type === 'con' ? 'ack' : 'non') as 'ack' | 'non';
    if (refusal) return void this.send({ ...EMPTY, ...refusal, type: reply, id, token }, peer);
    this.memory.begin(key, this.host.now());
    let late = false;
    const waiting = setTimeout(() => {
      late = true;
      this.memory.answered(key, this.send({ ...EMPTY, type: 'ack', id }, peer));
    }, ACK_WITHIN_MS);
    if (type === 'non') clearTimeout(waiting);
    const answer = (found: Answer): void => {
      clearTimeout(waiting);
      if (late) return this.transmit({ ...EMPTY, ...found, type: 'con', id: this.nextId(), token }, peer, '');
      const own = reply === 'ack' ? id : this.nextId();
      this.memory.answered(key, this.send({ ...EMPTY, ...found, type: reply, id: own, token }, peer));
    };
    this.host
      .take(message, peer)
      .then(answer, (error: unknown) =>
        answer({ code: CODE.internal, payload: Buffer.from((error as Error).message) }),
      );
  }

  /** True when the message was here before: answered as before, or on its way still. */
  private repeated(key: string, { address, port }: Peer): boolean {
    const verdict = this.memory.judge(key, this.host.now());
    if (verdict.kind === 'new') return false;
    if (verdict.answer) this.socket?.send(verdict.answer, port, address);
    return true;
  }

  private acknowledged({ id, type }: Message): void {
    const sending = this.sending.get(id);
    if (!sending) return;
    clearTimeout(sending.timer);
    this.sending.delete(id);
    if (type === 'rst')
      this.reject(sending.token, new RequestError('reset', 'the device resets: it does not take this'));
  }

  private answered(message: Message, peer: Peer): void {
    const { type, id } = message;
    const token = message.token.toString('hex');
    const key = keyOf(peer, id);
    if (type !== 'ack' && this.repeated(key, peer)) return;
    const pending = this.pending.get(token);
    const again = pending?.settled === true;
    if (!pending || (again && !pending.notify)) {
      this.host.dropped('an answer that nobody waits for');
      if (type === 'con' || type === 'non') this.send({ ...EMPTY, type: 'rst', id }, peer);
      return;
    }
    if (type !== 'ack') this.memory.begin(key, this.host.now());
    const ack = (): void => {
      if (type === 'con') this.memory.answered(key, this.send({ ...EMPTY, type: 'ack', id }, peer));
    };
    if (again) return pending.notify?.(message, ack);
    ack();
    this.settle(token, pending);
    pending.resolve(message);
  }

  private settle(token: string, pending: Pending): void {
    clearTimeout(pending.timer);
    pending.settled = true;
    clearTimeout(this.sending.get(pending.id)?.timer);
    this.sending.delete(pending.id);
    if (!pending.notify) this.pending.delete(token);
  }

  private reject(token: string, error: RequestError): void {
    const pending = this.pending.get(token);
    if (!pending) return;
    this.settle(token, pending);
    this.pending.delete(token);
    pending.reject(error);
  }

  /** Again and again, less and less often, until it is acknowledged. */
  private transmit(message: Message, peer: Peer, token: string): void {
    if (this.sending.size >= MAX_SENDING) return this.host.dropped('too much is not acknowledged');
    let wait_ms = ACK_TIMEOUT_MS * (1 + (ACK_RANDOM - 1) * this.host.random());
    let attempt = 0;
    const once = (): void => {
      this.send(message, peer);
      if (attempt++ === MAX_RETRANSMIT) return void this.sending.delete(message.id);
      this.sending.set(message.id, { timer: setTimeout(once, wait_ms), token });
      wait_ms *= 2;
    };
    once();
  }

  private send(message: Message, { address, port }: Peer): Buffer {
    const bytes = encode(message);
    // A name that does not resolve is an answer that does not come.
    this.socket?.send(bytes, port, address, (error) => error && this.host.dropped(error.message));
    return bytes;
  }

  private nextId(): number {
    do this.last_id = (this.last_id + 1) & 0xffff;
    while (this.sending.has(this.last_id));
    return this.last_id;
  }

  private end(socket: Socket): Promise<void> {
    this.socket = undefined;
    return new Promise((resolve) => socket.close(() => resolve()));
  }
}

const EMPTY: Message = { type: 'ack', code: CODE.empty, id: 0, token: NOTHING, options: [], payload: NOTHING };

const keyOf = ({ address, port }: Peer, id: number): string => `${address}:${port}#${id}`;
