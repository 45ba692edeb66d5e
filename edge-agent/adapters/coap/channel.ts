/** One CoAP connection over TCP or TLS (RFC 8323): whoever began it, requests go both ways. */
import { type Socket } from 'node:net';
import { CODE, CoapError, isRequest, NOTHING, type Message } from './codec';
import { type Answer, type Peer } from './endpoint';
import { csm, encodeStream, isSignal, maxMessageOf, SIGNAL, type StreamMessage, StreamReader } from './stream';

export interface ChannelHost {
  judge(message: Message, peer: Peer): Answer | undefined;
  take(message: Message, peer: Peer): Promise<Answer>;
  answered(channel: Channel, message: Message): void;
  dropped(reason: string): void;
  ended(channel: Channel, reason: string): void;
}

/** Requests of one connection that are not answered: no more is read until one is. */
export const MAX_UNDER_WAY = 64;
/** A connection that says nothing is asked for a sign after so long, and ended after as long again, ms. */
const QUIET_MS = 60_000;
/** RFC 8323, 5.3: a CSM comes first; so soon, ms. */
export const CSM_MS = 10_000;
/** What the other side does not take by then is not waited for at the end, ms. */
const CLOSE_MS = 500;

export class Channel {
  private readonly reader: StreamReader;
  private readonly due: NodeJS.Timeout;
  private reason = 'the connection was lost';
  private begun = false;
  private asked = false;
  private released = false;
  private underWay = 0;
  /** Longest message that the other side takes. */
  private max_bytes = 0;

  constructor(
    private readonly socket: Socket,
    readonly peer: Peer,
    maxBytes: number,
    private readonly host: ChannelHost,
  ) {
    this.reader = new StreamReader(maxBytes);
    this.due = setTimeout(() => this.abort('no CSM'), CSM_MS);
    socket.on('data', (chunk: Buffer) => this.data(chunk));
    socket.on('error', (error) => (this.reason = error.message));
    socket.on('close', () => this.end());
    socket.setTimeout(QUIET_MS, () => this.quiet());
    this.say({ code: SIGNAL.csm, options: csm(maxBytes) });
  }

  /** False: the other side does not take messages of that length. */
  send(message: StreamMessage): boolean {
    const bytes = encodeStream(message);
    if (this.begun && bytes.length > this.max_bytes) return false;
    if (this.socket.writable) this.socket.write(bytes);
    return true;
  }

  /** What is said is said before. */
  close(): void {
    this.say({ code: SIGNAL.release });
    this.socket.destroySoon();
    setTimeout(() => this.socket.destroy(), CLOSE_MS).unref();
  }

  private say({ code, token = NOTHING, options = [], payload = NOTHING }: Partial<StreamMessage> & Answer): void {
    this.send({ code, token, options, payload });
  }

  private data(chunk: Buffer): void {
    this.asked = false;
    try {
      for (const message of this.reader.feed(chunk)) this.message(message);
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      this.abort(error.message);
    }
  }

  private message(message: StreamMessage): void {
    if (!this.begun && message.code !== SIGNAL.csm) throw new CoapError('no CSM at the beginning');
    if (isSignal(message.code)) this.signal(message);
    else if (isRequest(message.code)) this.request({ type: 'con', id: 0, ...message });
    else if (message.code !== CODE.empty) this.host.answered(this, { type: 'ack', id: 0, ...message });
  }

  private signal(message: StreamMessage): void {
    switch (message.code) {
      case SIGNAL.csm: {
        clearTimeout(this.due);
        this.begun = true;
        this.max_bytes = maxMessageOf(message);
        // What is odd must be understood, and nothing that is odd is defined.
        if (message.options.some(({ number }) => number % 2 === 1)) throw new CoapError('a CSM that asks for more');
        return;
      }
      case SIGNAL.ping:
        return this.say({ code: SIGNAL.pong, token: message.token });
      case SIGNAL.release:
        this.released = true;
        return this.leave();
      case SIGNAL.abort:
        this.host.dropped(`aborted: ${message.payload.subarray(0, 200).toString('utf8')}`);
        return void this.socket.destroy();
      default:
        return;
    }
  }

  private request(message: Message): void {
    const { token } = message;
    const refusal = this.host.judge(message, this.peer);
    if (refusal) return this.say({ ...refusal, token });
    if (++this.underWay >= MAX_UNDER_WAY) this.socket.pause();
    const answer = (found: Answer): void => {
      this.underWay--;
      this.say({ ...found, token });
      this.socket.resume();
      this.leave();
    };
    this.host
      .take(message, this.peer)
      .then(answer, (error: unknown) =>
        answer({ code: CODE.internal, payload: Buffer.from((error as Error).message) }),
      );
  }

  /** The other side wants to go: when all is answered. */
  private leave(): void {
    if (this.released && this.underWay === 0) this.socket.destroySoon();
  }

  private quiet(): void {
    if (this.asked) return this.abort('silent');
    this.asked = true;
    this.say({ code: SIGNAL.ping });
  }

  private abort(reason: string): void {
    this.host.dropped(reason);
    this.say({ code: SIGNAL.abort, payload: Buffer.from(reason) });
    this.socket.destroySoon();
  }

  private end(): void {
    clearTimeout(this.due);
    this.host.ended(this, this.reason);
  }
}
