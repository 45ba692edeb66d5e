/**
 * A serial port as transport: RS-485, RS-232, or a USB adapter to either. Keeps the silence of 3.5 characters before each
 * frame, turns the driver by RTS where the profile asks for it, and tells when the port vanishes.
 */
import { done, nativePort, type Port } from '../../wire/serial-port';
import { brokenOff_ms, char_ms, silence_ms } from './serial-time';
import { type SerialSettings } from './settings';
import { type Open, type Transport, type TransportEvents } from './transport';

export type MakePort = (settings: SerialSettings) => Promise<Port>;

const makeNative: MakePort = (settings) => nativePort({ ...settings, rtscts: settings.rts === 'flow-control' });

export const serial =
  (settings: SerialSettings, makePort: MakePort = makeNative): Open =>
  (events) =>
    new SerialLine(settings, events, makePort);

class SerialLine implements Transport {
  private port: Port | undefined;
  private ended = false;
  private reason: Error | undefined;
  /** Monotonic time from which the line has been silent for long enough. */
  private quietAt = 0;
  private silenceTimer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private readonly char_ms: number;
  private readonly silence_ms: number;

  constructor(
    private readonly settings: SerialSettings,
    private readonly events: TransportEvents,
    makePort: MakePort,
  ) {
    this.char_ms = char_ms(settings);
    this.silence_ms = silence_ms(settings);
    void this.open(makePort).catch((error: unknown) => this.end(error as Error));
  }

  write(bytes: Buffer, within_ms: number): void {
    const deadline = performance.now() + within_ms;
    this.sending = this.sending
      .then(() => this.send(bytes, deadline))
      .catch((error: unknown) => this.destroy(error as Error));
  }

  wire_ms(bytes: number): number {
    return bytes * this.char_ms + 2 * this.silence_ms;
  }

  destroy(reason?: Error): void {
    this.reason ??= reason;
    if (this.port?.isOpen) this.port.close(() => this.end());
    else this.end();
  }

  private async open(makePort: MakePort): Promise<void> {
    const port = await makePort(this.settings);
    if (this.ended) return;
    this.port = port;
    port.on('error', (error: Error) => this.destroy(error));
    port.on('close', (error: Error | null) => this.end(error ?? undefined));
    port.on('data', (chunk: Buffer) => this.received(chunk));
    await done((cb) => port.open(cb));
    if (this.ended) return port.close();
    // What was sent while nobody listened answers nothing.
    await done((cb) => port.flush(cb));
    await this.setRts(this.settings.rts === 'high' || this.settings.rts === 'low-to-send');
    this.quietAt = performance.now() + this.silence_ms;
    this.events.open();
  }

  private received(chunk: Buffer): void {
    this.quietAt = performance.now() + this.silence_ms;
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.events.silence(), brokenOff_ms(this.settings));
    this.events.data(chunk);
  }

  private async send(bytes: Buffer, deadline: number): Promise<void> {
    const { port } = this;
    const { rts } = this.settings;
    for (let wait = this.quietAt - performance.now(); wait > 0; wait = this.quietAt - performance.now()) {
      await sleep(Math.ceil(wait));
      // A line that is never quiet: the request is over, and must not be carried out when nobody waits for it.
      if (performance.now() > deadline) return;
    }
    if (!port || this.ended) return;
    const turnsDriver = rts === 'high-to-send' || rts === 'low-to-send';
    if (turnsDriver) await this.setRts(rts === 'high-to-send');
    await done((cb) => port.write(bytes, cb));
    if (turnsDriver) {
      await done((cb) => port.drain(cb));
      await this.setRts(rts === 'low-to-send');
    }
    this.quietAt = performance.now() + bytes.length * this.char_ms + this.silence_ms;
  }

  private async setRts(rts: boolean): Promise<void> {
    const { port, settings } = this;
    if (port && settings.rts !== 'leave' && settings.rts !== 'flow-control') await done((cb) => port.set({ rts }, cb));
  }

  private end(reason?: Error): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.silenceTimer);
    this.events.closed(this.reason ?? reason ?? new Error(`${this.settings.device} closed`));
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
