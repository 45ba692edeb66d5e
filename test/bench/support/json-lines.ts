/** What one would write in an hour: frames as lines of JSON, appended in groups, acknowledged after fdatasync. */
import { type FileHandle, open } from 'node:fs/promises';
import { type OutboxRecord } from '../../../edge-agent/io/outbox-api';
import { Decoder } from '../../../schemas/codec';

export class JsonLines {
  bytes = 0;
  private pending: string[] = [];
  private waiting: (() => void)[] = [];
  private pendingBytes = 0;
  private running: Promise<void> | undefined;
  private seq = 0;
  /** Frames are told to us as encoders: what they hold is looked up once, not counted as work of the lines. */
  private readonly frames = new WeakMap<OutboxRecord, object>();
  private readonly decoder = new Decoder('telemetry-frame');

  private constructor(
    private readonly file: FileHandle,
    private readonly groupBytes: number,
  ) {}

  static async create(path: string, groupBytes: number): Promise<JsonLines> {
    return new JsonLines(await open(path, 'wx'), groupBytes);
  }

  append(records: readonly OutboxRecord[]): Promise<readonly number[]> {
    const seqs: number[] = [];
    for (const record of records) {
      seqs.push(++this.seq);
      const line = `${JSON.stringify({ ...this.frameOf(record), seq: this.seq })}\n`;
      this.pending.push(line);
      this.pendingBytes += line.length;
    }
    const durable = new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running ??= this.run();
    return durable.then(() => seqs);
  }

  async ready(): Promise<void> {
    while (this.pendingBytes > this.groupBytes && this.running) await this.running;
  }

  async close(): Promise<void> {
    await this.running;
    await this.file.close();
  }

  private async run(): Promise<void> {
    await Promise.resolve();
    while (this.pending.length > 0) {
      const group = Buffer.from(this.pending.join(''));
      const waiting = this.waiting;
      [this.pending, this.waiting, this.pendingBytes] = [[], [], 0];
      await this.file.write(group);
      await this.file.datasync();
      this.bytes += group.length;
      for (const resolve of waiting) resolve();
    }
    this.running = undefined;
  }

  private frameOf(record: OutboxRecord): object {
    let frame = this.frames.get(record);
    if (!frame) this.frames.set(record, (frame = this.decoder.decode(record.encode(0))));
    return frame;
  }
}
