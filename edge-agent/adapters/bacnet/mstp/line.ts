/** A serial port with one master node of MS/TP on it: bytes and time in, frames out. The node decides (node.ts). */
import { done, nativePort, type Port } from '../../../wire/serial-port';
import { encodeFrame, type Frame, FrameReader } from './frame';
import { stepNode } from './node';
import {
  initialNode,
  type NodeConfig,
  type NodeEffect,
  type NodeInput,
  type NodeState,
  type Outgoing,
  wakeAt,
} from './station';

export interface MstpSettings extends NodeConfig {
  /** Of the port, such as /dev/ttyUSB0 */
  readonly device: string;
}

export interface LineEvents {
  open(): void;
  /** For us, or for everybody. */
  frame(frame: Frame): void;
  /** The port is of no more use. Told once. */
  failed(error: Error): void;
}

export type MakePort = (settings: { readonly device: string; readonly baud_rate: number }) => Promise<Port>;

/** Silence within a frame after which it is given up, ms: the standard's longest, for ports that hand octets over in lumps. */
const FRAME_ABORT_MS = 100;
/** Between the last octet heard and the first of ours, bits. */
const TURNAROUND_BITS = 40;
const MS = 1_000;

export class MstpLine {
  readonly stats = { frames_sent: 0, frames_heard: 0, frames_broken: 0, refused: 0 };
  private readonly reader = new FrameReader();
  private state: NodeState;
  private port: Port | undefined;
  private waking: NodeJS.Timeout | undefined;
  private aborting: NodeJS.Timeout | undefined;
  private heard_at = -Infinity;
  private toSend: Buffer[] = [];
  private sending: NodeJS.Timeout | undefined;
  private over = false;

  constructor(
    private readonly settings: MstpSettings,
    private readonly events: LineEvents,
    makePort: MakePort = nativePort,
  ) {
    this.state = initialNode(settings, performance.now());
    void this.open(makePort).catch((error: unknown) => this.fail(error as Error));
  }

  /** Waits for the token; refused when too much waits already, which the caller finds out by its own timeout. */
  send(outgoing: Outgoing): void {
    if (this.port && !this.over) this.step({ kind: 'send', outgoing });
  }

  close(): void {
    this.over = true;
    for (const timer of [this.waking, this.aborting, this.sending]) clearTimeout(timer);
    if (this.port?.isOpen) this.port.close(() => undefined);
  }

  private async open(makePort: MakePort): Promise<void> {
    const port = await makePort(this.settings);
    if (this.over) return;
    this.port = port;
    port.on('error', (error: Error) => this.fail(error));
    port.on('close', (error: Error | null) => this.fail(error ?? new Error(`${this.settings.device} closed`)));
    port.on('data', (chunk: Buffer) => this.heard(chunk));
    await done((cb) => port.open(cb));
    if (this.over) return port.close();
    this.state = initialNode(this.settings, performance.now());
    this.events.open();
    this.arm();
  }

  private heard(chunk: Buffer): void {
    if (this.over) return;
    this.heard_at = performance.now();
    clearTimeout(this.aborting);
    this.aborting = setTimeout(() => this.reader.abort() && this.broken(), FRAME_ABORT_MS);
    this.step({ kind: 'octets', count: chunk.length });
    for (const received of this.reader.take(chunk)) {
      if (received.kind === 'broken') this.broken();
      else {
        this.stats.frames_heard++;
        this.step(received);
      }
    }
  }

  private broken(): void {
    this.stats.frames_broken++;
    this.step({ kind: 'broken' });
  }

  private step(input: NodeInput): void {
    const { state, effects } = stepNode(this.settings, this.state, input, performance.now());
    this.state = state;
    for (const effect of effects) this.carryOut(effect);
    this.arm();
  }

  private carryOut(effect: NodeEffect): void {
    switch (effect.kind) {
      case 'transmit':
        this.stats.frames_sent++;
        this.toSend.push(encodeFrame(effect.frame));
        return this.sendSoon();
      case 'deliver':
        return this.events.frame(effect.frame);
      case 'refused':
        this.stats.refused++;
    }
  }

  private sendSoon(): void {
    const turnaround_ms = (TURNAROUND_BITS * MS) / this.settings.baud_rate;
    const wait_ms = this.heard_at + turnaround_ms - performance.now();
    this.sending ??= setTimeout(
      () => {
        this.sending = undefined;
        const bytes = Buffer.concat(this.toSend.splice(0));
        this.port?.write(bytes, (error) => error && this.fail(error));
      },
      Math.max(0, wait_ms),
    );
  }

  private arm(): void {
    clearTimeout(this.waking);
    if (this.over) return;
    const wait_ms = Math.max(1, Math.ceil(wakeAt(this.settings, this.state) - performance.now()));
    this.waking = setTimeout(() => this.step({ kind: 'time' }), wait_ms);
  }

  private fail(error: Error): void {
    if (this.over) return;
    this.close();
    this.events.failed(error);
  }
}
