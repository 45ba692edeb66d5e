/** Fresh frames of every device each second, and how long each takes to be on the stream. */
import { type DiskOutbox } from '../../../edge-agent/io/outbox/outbox';
import { isShipped } from '../../../edge-agent/io/outbox/cursor';
import { type Shipper } from '../../../edge-agent/io/shipper/shipper';
import { type Device } from './sensors';

const PERIOD_MS = 1_000;
const LOOK_MS = 10;

export class LiveLoad {
  private readonly lags: number[] = [];
  /** On their way: highest index the frame may have, and when it was taken. */
  private open: { readonly index: number; readonly at: number }[] = [];
  private timers: NodeJS.Timeout[] = [];
  private appending: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly outbox: DiskOutbox,
    private readonly shipper: Shipper,
    private readonly fleet: readonly Device[],
    private readonly perFrame: number,
  ) {}

  start(): void {
    let turn = 0;
    const next = (): void => void this.append(this.fleet[turn++ % this.fleet.length] as Device);
    this.timers = [setInterval(next, PERIOD_MS / this.fleet.length), setInterval(() => this.look(), LOOK_MS)];
  }

  /** Resolves when all of them are on the stream. */
  async stop(): Promise<void> {
    clearInterval(this.timers[0]);
    await this.appending;
    while (this.open.length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    clearInterval(this.timers[1]);
  }

  figures(): { frames: number; p50: number; p99: number; max: number } {
    const sorted = [...this.lags].sort((a, b) => a - b);
    const at = (q: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
    return { frames: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  private append(device: Device): void {
    const at = performance.now();
    this.appending = this.outbox.append([device.frame(this.perFrame)]).then(() => {
      this.open.push({ index: this.outbox.status('telemetry').next - 1, at });
    });
  }

  private look(): void {
    const { telemetry } = this.shipper.status.cursors;
    const now = performance.now();
    this.open = this.open.filter(({ index, at }) => {
      if (!isShipped(telemetry, index)) return true;
      this.lags.push(now - at);
      return false;
    });
  }
}
