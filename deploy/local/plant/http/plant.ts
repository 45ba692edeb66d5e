/** Devices that post their readings, numbered, and post them again until they are answered: as firmware does. */
import { connect } from 'node:net';
import { Faults } from '../mqtt/faults';
import { posted, rebooted, temperatureAt } from '../boiler';
import { type Acknowledged } from '../ledger';

export interface PlantOptions {
  /** Such as http://127.0.0.1:8088 */
  readonly agent: string;
  readonly period_ms: number;
  /** Token by device. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly acknowledged?: Acknowledged;
}

const TIMEOUT_MS = 5_000;
const GARBAGE = 'f0ff1234deadbeef';

export class Plant {
  readonly faults = new Faults(() => this.sendGarbage());
  readonly writes = {};
  /** Posts that were answered with 2xx. */
  acknowledged = 0;
  running = false;
  private readonly next = new Map<string, number>();
  private readonly busy = new Set<string>();
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {}

  start(): Promise<void> {
    this.running = true;
    this.beat = setInterval(() => {
      for (const device of Object.keys(this.options.tokens)) void this.post(device);
    }, this.options.period_ms);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.running = false;
    clearInterval(this.beat);
    return Promise.resolve();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  /** One at a time for each device; what was not answered keeps its number and goes again. */
  private async post(device: string): Promise<void> {
    const { kind } = this.faults.current;
    if (this.busy.has(device) || kind === 'drop') return;
    this.busy.add(device);
    const seq = this.next.get(device) ?? Date.now();
    const ts = Date.now();
    const good = { temperature: temperatureAt(ts), count: seq };
    const values = posted(good, kind);
    try {
      const answer = await fetch(`${this.options.agent}/v1/devices/${encodeURIComponent(device)}/readings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.options.tokens[device]}`, 'content-type': 'application/json' },
        body: JSON.stringify({ seq, ts, values }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      if (answer.ok) {
        this.acknowledged++;
        this.options.acknowledged?.(device, seq);
        this.next.set(device, seq + 1);
      } else this.next.set(device, seq);
    } catch {
      // The agent is away: the same again with the next beat.
      this.next.set(device, seq);
    } finally {
      this.busy.delete(device);
    }
  }

  private sendGarbage(): void {
    const { hostname, port } = new URL(this.options.agent);
    const socket = connect(Number(port), hostname, () => socket.end(Buffer.from(GARBAGE, 'hex')));
    socket.on('error', () => socket.destroy());
  }
}
