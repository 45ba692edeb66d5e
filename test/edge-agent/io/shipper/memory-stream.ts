/** A stream in memory, and a shipper on it. */
import { systemClock } from '../../../../edge-agent/io/clock';
import { type Commits } from '../../../../edge-agent/io/shipper/commit';
import { type ShipperOptions } from '../../../../edge-agent/io/shipper/contract';
import { type Message, type StreamLink } from '../../../../edge-agent/io/shipper/link';
import { Shipper, type ShipperError, type ShipperEvent } from '../../../../edge-agent/io/shipper/shipper';
import { type DiskOutbox } from '../../../../edge-agent/io/outbox/outbox';
import { open } from '../outbox/helpers';
import { MemoryFs } from '../outbox/memory-fs';

export class MemoryStream implements StreamLink {
  readonly transactions: Message[][] = [];
  commits: Commits = { priority: undefined, telemetry: undefined };
  slow_ms = 0;
  /** Times somebody was fenced. */
  fenced = 0;
  /** Called before a transaction; throws to refuse it. */
  refuse: (messages: readonly Message[]) => void = () => undefined;
  away: Error | undefined;

  async connect(check: (committed: Commits) => void): Promise<Commits> {
    if (this.away) throw this.away;
    check(this.commits);
    this.fenced++;
    return this.commits;
  }

  async ship(messages: readonly Message[], commits: Commits): Promise<void> {
    await systemClock.sleep(this.slow_ms);
    this.refuse(messages);
    this.transactions.push([...messages]);
    this.commits = commits;
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  get messages(): Message[] {
    return this.transactions.flat();
  }
}

export const refusal = (type: string): Error => Object.assign(new Error(type), { type });

export interface Shipping {
  readonly outbox: DiskOutbox;
  readonly shipper: Shipper;
  readonly events: ShipperEvent[];
  readonly fatal: ShipperError[];
  close(): Promise<void>;
}

export async function shipping(
  stream: MemoryStream,
  fs = new MemoryFs(),
  change: Partial<ShipperOptions> = {},
): Promise<Shipping> {
  const { outbox } = await open(fs);
  const events: ShipperEvent[] = [];
  const fatal: ShipperError[] = [];
  const shipper = new Shipper({
    ...{ agentId: 'agent-1', outbox, link: stream, clock: systemClock, random: () => 0 },
    schemaIds: { idOf: () => Promise.resolve(1) },
    hint: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    onEvent: (e) => events.push(e),
    onFatal: (e) => fatal.push(e),
    ...change,
  });
  shipper.start();
  const close = async (): Promise<void> => {
    await shipper.stop();
    await outbox.close();
  };
  return { outbox, shipper, events, fatal, close };
}
