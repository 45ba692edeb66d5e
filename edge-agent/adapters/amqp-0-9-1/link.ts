/** One connection to a broker that speaks AMQP 0-9-1: a channel that consumes, and confirms what is published. */
import {
  connect,
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  credentials,
} from 'amqplib';
import { type AmqpMessage, type AmqpOutgoing, CONTENT_TYPES } from '../../wire/amqp/dialect';
import { fingerprint, type Receipts } from '../../wire/amqp/receipts';
import { type AmqpSettings, type AmqpSource } from '../../wire/amqp/settings';
import { PublishError } from '../../wire/broker/publish-error';
import { type BrokerLink, type LinkListener } from '../../wire/broker/session';
import { passwordOf } from '../../wire/broker/socket-link';
import { tlsOptions } from '../../wire/tls';
import { boundBodies, type Oversize } from './bounds';
import { Confirms } from './confirms';

/** Of one frame, bytes. */
const MAX_FRAME_BYTES = 131_072;
/** Whom brokers let in from their own machine unless told otherwise. */
const GUEST = 'guest';
/** A broker that does not answer the end of a session is not waited for longer, ms. */
const CLOSE_MS = 500;

export class Amqp091Link implements BrokerLink<AmqpOutgoing> {
  unsettled = 0;
  private readonly confirms = new Confirms();
  private readonly abort = new AbortController();
  private readonly late: NodeJS.Timeout;
  private model: ChannelModel | undefined;
  private channel: ConfirmChannel | undefined;
  private oversize: Oversize = () => undefined;
  private isOpen = false;
  private ended = false;

  constructor(
    private readonly settings: AmqpSettings,
    private readonly receipts: Receipts,
    private readonly listener: LinkListener<AmqpMessage>,
  ) {
    const { host, port, connect_timeout_ms } = settings;
    const late = `no AMQP session with ${host}:${port} within ${connect_timeout_ms} ms`;
    // Throws when a file that the profile names cannot be read: the caller takes it for a failed attempt.
    const session = this.connect(passwordOf(settings));
    this.late = setTimeout(() => this.end(new Error(late)), connect_timeout_ms);
    session.then(
      (model) => this.begin(model),
      (error: unknown) => this.end(error as Error),
    );
  }

  get alive(): boolean {
    return this.isOpen;
  }

  publish({ to, payload }: AmqpOutgoing, timeout_ms: number): Promise<void> {
    const { channel } = this;
    if (!this.isOpen || !channel)
      return Promise.reject(new PublishError('not-connected', 'there is no session with the broker'));
    return this.confirms.publish(to.address, timeout_ms, (messageId, confirmed) => {
      const options = { messageId, mandatory: true, persistent: true, contentType: CONTENT_TYPES[to.payload] };
      channel.publish(to.exchange, to.address, payload, options, confirmed);
    });
  }

  /** Prefetch bounds what comes: what is not acknowledged is not followed by more. */
  hold(): void {
    return undefined;
  }

  close(reason: Error): void {
    const { model, isOpen } = this;
    this.finish(reason);
    if (!isOpen || !model) return this.abort.abort();
    const cut = setTimeout(() => this.abort.abort(), CLOSE_MS);
    const done = (): void => {
      clearTimeout(cut);
      this.abort.abort();
    };
    model.close().then(done, done);
  }

  private connect(password: string): Promise<ChannelModel> {
    const { host, port, tls, vhost, sasl, username, heartbeat_s } = this.settings;
    const who = sasl === 'external' ? credentials.external() : credentials.plain(username || GUEST, password || GUEST);
    const socket: object = { ...(tls && tlsOptions(tls)), noDelay: true, signal: this.abort.signal, credentials: who };
    return connect(
      {
        ...{ protocol: tls ? 'amqps' : 'amqp', hostname: host, port, vhost: vhost ?? '/', heartbeat: heartbeat_s },
        ...{ frameMax: MAX_FRAME_BYTES, maxFrameSize: MAX_FRAME_BYTES },
      },
      socket,
    );
  }

  private async begin(model: ChannelModel): Promise<void> {
    this.model = model;
    model.on('error', (error) => this.end(error));
    model.on('close', (error?: Error) => this.end(error ?? new Error('the broker closed the connection')));
    if (this.ended) return this.abort.abort();
    try {
      const channel = await model.createConfirmChannel();
      this.channel = channel;
      channel.on('error', (error) => this.end(error));
      channel.on('close', () => this.end(new Error('the broker closed the channel')));
      channel.on('return', ({ properties, fields }) => {
        this.confirms.returned(String(properties.messageId), fields.routingKey);
      });
      channel.on('handler-error', (error) => this.end(error));
      this.oversize = boundBodies(channel, this.settings.max_message_bytes);
      this.receipts.opened();
      await channel.prefetch(this.settings.credit);
      for (const [i, source] of this.settings.sources.entries()) await this.consume(channel, source, i);
      if (this.ended) return;
      clearTimeout(this.late);
      this.isOpen = true;
      this.listener.opened();
    } catch (error) {
      this.end(error as Error);
    }
  }

  private async consume(channel: ConfirmChannel, { address, bind }: AmqpSource, source: number): Promise<void> {
    if (bind) {
      await channel.assertQueue(address, { durable: true });
      for (const key of bind.keys) await channel.bindQueue(address, bind.exchange, key);
    } else await channel.checkQueue(address);
    await channel.consume(address, (message) => {
      if (message) this.delivered(channel, source, message);
      else this.end(new Error(`the broker ends ${address}: is the queue gone?`));
    });
  }

  private delivered(channel: Channel, source: number, message: ConsumeMessage): void {
    const { routingKey, redelivered, exchange } = message.fields;
    const { messageId, timestamp } = message.properties;
    this.unsettled++;
    const marks = [exchange, routingKey, String(messageId), String(timestamp)];
    const print = fingerprint([this.settings.sources[source]?.address, ...marks, message.content]);
    const settle = (refusal?: string): void => {
      if (this.ended) return;
      this.unsettled--;
      if (refusal === undefined) channel.ack(message);
      else channel.nack(message, false, false);
    };
    const arrival = this.receipts.arrive(print, redelivered, settle, redelivered);
    if (arrival.kind === 'again') return;
    const { kind: _new, ...taken } = arrival;
    const bytes = this.oversize(message);
    const fault = bytes === undefined ? '' : `${bytes} bytes: at most ${this.settings.max_message_bytes} are taken`;
    this.listener.message({ source, name: routingKey, payload: message.content, fault, ...taken });
  }

  private end(reason: Error): void {
    this.finish(reason);
    this.abort.abort();
  }

  private finish(reason: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.isOpen = false;
    clearTimeout(this.late);
    this.confirms.closed(reason);
    this.listener.closed(reason);
  }
}
