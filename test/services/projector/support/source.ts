/**
 * A source that knows for certain what it has written, as an agent does: frames and its own cursor are one transaction,
 * so after a crash of the broker it reads the cursor instead of guessing. Keeps the ledger that SQL is compared with.
 */
import { type Kafka, type Producer } from 'kafkajs';
import { type TelemetryFrame } from '../../../../schemas/generated';
import { type EventWriter, transactionalProducer } from '../../../../schemas/stream';
import { deviceKey, Topics } from '../../../../schemas/topics';

const MINUTE_MS = 60_000;

/** What SQL must hold: readings and their sum per device, metric and minute. Values are whole numbers: sums are exact. */
export class Tally {
  readonly minutes = new Map<string, { count: number; sum: number }>();
  frames = 0;
  readings = 0;

  add(f: TelemetryFrame): void {
    this.frames++;
    for (const s of f.series)
      s.dt.forEach((dt, i) => {
        const key = `${f.device_id}|${s.metric}|${Math.floor((f.ts + dt) / MINUTE_MS) * 60}`;
        const minute = this.minutes.get(key) ?? { count: 0, sum: 0 };
        this.minutes.set(key, { count: minute.count + 1, sum: minute.sum + s.value[i]! });
        this.readings++;
      });
  }

  /** The same, summed up to windows of `seconds`. */
  windows(seconds: number): Map<string, { count: number; sum: number }> {
    const out = new Map<string, { count: number; sum: number }>();
    for (const [key, { count, sum }] of this.minutes) {
      const at = key.lastIndexOf('|');
      const window = `${key.slice(0, at)}|${Math.floor(Number(key.slice(at + 1)) / seconds) * seconds}`;
      const w = out.get(window) ?? { count: 0, sum: 0 };
      out.set(window, { count: w.count + count, sum: w.sum + sum });
    }
    return out;
  }
}

export class Source {
  readonly tally = new Tally();
  /** Transactions that had to be begun again. */
  retried = 0;
  private producer: Producer | undefined;
  private cursor = 0;

  constructor(
    private readonly kafka: Kafka,
    private readonly writer: EventWriter<'telemetry-frame'>,
    private readonly id: string,
  ) {}

  /** Returns once the frames are committed, exactly once, however often the broker dies meanwhile. */
  async write(frames: readonly TelemetryFrame[]): Promise<void> {
    const next = this.cursor + 1;
    for (;;) {
      try {
        await this.attempt(frames, next);
        break;
      } catch {
        this.retried++;
        await this.producer?.disconnect().catch(() => undefined);
        this.producer = undefined;
        await new Promise((resolve) => setTimeout(resolve, 200));
        if ((await this.committed()) >= next) break;
      }
    }
    this.cursor = next;
    frames.forEach((f) => this.tally.add(f));
  }

  async close(): Promise<void> {
    await this.producer?.disconnect();
  }

  private async attempt(frames: readonly TelemetryFrame[], next: number): Promise<void> {
    if (!this.producer) {
      this.producer = transactionalProducer(this.kafka, this.id);
      await this.producer.connect();
    }
    const messages = frames.map((f) => ({ key: deviceKey(f.tenant, f.device_id), value: this.writer.write(f) }));
    const transaction = await this.producer.transaction();
    try {
      await transaction.send({ topic: Topics.telemetry.name, messages });
      await transaction.sendOffsets({
        consumerGroupId: this.id,
        topics: [{ topic: Topics.telemetry.name, partitions: [{ partition: 0, offset: String(next) }] }],
      });
      await transaction.commit();
    } catch (e) {
      await transaction.abort().catch(() => undefined);
      throw e;
    }
  }

  /** Asked until answered: a new producer has ended the old one's transaction, so the answer is final. */
  private async committed(): Promise<number> {
    for (;;) {
      const producer = transactionalProducer(this.kafka, this.id);
      const admin = this.kafka.admin();
      try {
        await producer.connect();
        await admin.connect();
        const [topic] = await admin.fetchOffsets({ groupId: this.id, topics: [Topics.telemetry.name] });
        this.producer = producer;
        return Number(topic?.partitions.find((p) => p.partition === 0)?.offset ?? -1);
      } catch {
        await producer.disconnect().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 500));
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
    }
  }
}
