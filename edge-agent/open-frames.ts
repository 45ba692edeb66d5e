/**
 * Open frames, one a device, and when they go to the outbox: at their size or their age. Frames that hold readings of one
 * message with receipts go in one append, which is durable as a whole or not at all: an agent that is killed never has half of it.
 */
import { BatchToken, receiptsOf } from './batch-token';
import { type Clock } from './core/clock';
import { type AgentPlan } from './core/compile/plan';
import { type DeviceRuntime } from './core/device-runtime';
import { type Durable } from './durable';
import { type OutboxRecord } from './io/outbox-api';
import { frameRecord } from './records';

/** A frame is closed at this size, whatever the profile allows: an outbox record takes 900,000 bytes. */
export const MAX_FRAME_BYTES = 400_000;
/** Bytes at which no other frame joins an append, and above which what belongs together is parted: the outbox takes 8 MiB. */
const [MAX_PARCEL_BYTES, MAX_TOGETHER_BYTES] = [3_500_000, 7_000_000];
/** Frames this near to their age go with the oldest: one append for many devices instead of one for each. */
const TOGETHER = 0.2;

export interface OpenDevice {
  readonly runtime: DeviceRuntime;
  readonly tokens: BatchToken<OpenDevice>[];
  /** Monotonic time at which the open frame is closed; 0 when there is none. */
  closes_at: number;
}

/** A frame that was closed and is not handed over yet. */
interface Closed {
  readonly record: OutboxRecord;
  readonly bytes: number;
  readonly tokens: readonly BatchToken<OpenDevice>[];
}

export class OpenFrames {
  readonly stats = { frames: 0, readings: 0 };
  /** Devices with an open frame, oldest first. */
  private readonly open = new Set<OpenDevice>();
  private closed: Closed[] = [];
  private closedBytes = 0;
  private inBatch = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private bounds: Pick<AgentPlan, 'frame_readings' | 'frame_age_ms'>,
    private readonly durable: Durable,
    private readonly clock: Clock,
  ) {}

  reconfigure(bounds: Pick<AgentPlan, 'frame_readings' | 'frame_age_ms'>): void {
    this.bounds = bounds;
  }

  /** What is added meanwhile is of one batch: nothing goes to the outbox before all of it is there. */
  batch(add: () => void): void {
    this.inBatch = true;
    try {
      add();
    } finally {
      this.inBatch = false;
    }
    this.handOver();
    this.arm();
  }

  /** The open frame has got readings that nobody is to be told of when they are durable. */
  addedUnasked(device: OpenDevice): void {
    this.added(device, new BatchToken({ samples: [], ack: () => undefined }));
    this.arm();
  }

  added(device: OpenDevice, token: BatchToken<OpenDevice>): void {
    if (device.tokens.at(-1) !== token) {
      device.tokens.push(token);
      token.hold(device);
    }
    if (device.closes_at === 0) {
      device.closes_at = this.clock.monotonic() + this.bounds.frame_age_ms;
      this.open.add(device);
    }
    this.submitFull(device);
  }

  submitFull(device: OpenDevice): void {
    const { readings, bytes } = device.runtime.builder;
    if (readings >= this.bounds.frame_readings || bytes >= MAX_FRAME_BYTES) this.submit(device);
  }

  /** The device's open frame goes now, if there is one. */
  submit(device: OpenDevice): void {
    this.close(device);
    if (!this.inBatch) this.handOver();
  }

  /** Everything that is open goes, and nothing is waited for any more. */
  end(): void {
    this.submitUntil(Infinity);
    clearTimeout(this.timer);
  }

  /** One timer for all frames: the oldest decides. */
  private arm(): void {
    if (this.timer || this.open.size === 0) return;
    const [oldest] = this.open;
    const wait_ms = Math.max(1, (oldest?.closes_at ?? 0) - this.clock.monotonic());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.submitUntil(this.clock.monotonic() + TOGETHER * this.bounds.frame_age_ms);
      this.arm();
    }, wait_ms);
  }

  private submitUntil(until: number): void {
    for (const device of [...this.open]) {
      if (device.closes_at > until) break;
      this.close(device);
      if (this.closedBytes >= MAX_PARCEL_BYTES) this.handOver();
    }
    this.handOver();
  }

  private close(device: OpenDevice): void {
    const { readings, bytes } = device.runtime.builder;
    if (readings === 0) return;
    this.open.delete(device);
    device.closes_at = 0;
    const tokens = device.tokens.splice(0);
    for (const token of tokens) token.closed(device);
    this.stats.frames++;
    this.stats.readings += readings;
    this.closed.push({ record: frameRecord(device.runtime.builder.take(), readings, this.clock.now()), bytes, tokens });
    this.closedBytes += bytes;
  }

  /** What was closed goes to the outbox, with every frame that holds a part of the same messages. */
  private handOver(): void {
    // `closed` grows as those are closed.
    for (const { tokens } of this.closed)
      for (const token of tokens) for (const device of token.together()) this.close(device);
    const { closed } = this;
    this.closed = [];
    this.closedBytes = 0;
    for (const frames of parcels(closed)) this.append(frames);
  }

  private append(frames: readonly Closed[]): void {
    const tokens = frames.flatMap((frame) => frame.tokens);
    const receipts = receiptsOf(tokens);
    const records = frames.map(({ record }, i) =>
      receipts && i === frames.length - 1 ? { ...record, receipts } : record,
    );
    this.durable.submit(records, () => tokens.forEach((t) => t.release()));
  }
}

/** One, unless it is more than an append may be. */
function parcels(frames: readonly Closed[]): Closed[][] {
  const made: Closed[][] = [];
  let room = 0;
  for (const frame of frames) {
    if (frame.bytes > room) {
      made.push([]);
      room = MAX_TOGETHER_BYTES;
    }
    made.at(-1)?.push(frame);
    room -= frame.bytes;
  }
  return made;
}
