/** A past worth rebuilding, and the verb that does it, as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../../schemas/root';
import { Topics } from '../../../../schemas/topics';
import { type Bed, eventually, frame } from './bed';

export const T0 = Date.UTC(2026, 0, 1);
const DEVICES = 20;
const PARTITIONS = 6;

export class History {
  /** Offset of the first message in partition 0 that came with frame `seq` of each device. */
  readonly offsets = new Map<number, string>();

  constructor(private readonly bed: Bed) {}

  /** When frame `seq` was received. */
  receivedAt(seq: number): number {
    return T0 + seq * 60_000;
  }

  /** One frame of each device: numbers, texts, exact integers, bad ones and late ones; now and then a poisoned one. */
  async produce(seq: number): Promise<void> {
    const ts = T0 + (seq % 7 === 0 ? seq - 500 : seq) * 20_000;
    const frames = Array.from({ length: DEVICES }, (_, d) => ({
      ...frame({ device_id: `device-${d}`, seq, ts, readings: 20, value: (_m, i) => seq + d / 4 + i }),
      received_at: this.receivedAt(seq),
      text_series: [{ metric: 'state', dt: [0], value: [`run ${seq}`], quality: [] }],
      int_series: [{ metric: 'energy', dt: [0], value: [9_007_199_254_740_993n + BigInt(seq)], quality: [64] }],
    }));
    const written = await this.bed.produce(frames);
    this.offsets.set(seq, written.find((w) => w.partition === 0)?.baseOffset ?? '');
    const cut = this.bed.telemetry.write(frames[0]!).subarray(0, 30);
    if (seq % 10 === 0) await this.bed.produceRaw([cut], seq % PARTITIONS);
  }

  /** Everything that was produced, the dead letters too, has been projected. */
  async settled(): Promise<void> {
    const admin = this.bed.kafka.admin();
    await admin.connect();
    await eventually('everything is projected', async () => {
      let high = 0;
      for (const { name } of Object.values(Topics))
        if (!name.startsWith('m2m.device-re'))
          for (const { offset } of await admin.fetchTopicOffsets(name)) high += Number(offset);
      return Number(await this.heads()) === high;
    });
    await admin.disconnect();
  }

  async millrace(...args: string[]): Promise<{ code: number; said: string }> {
    const main = join(projectRoot(), 'dist', 'deploy', 'cli', 'main.js');
    const env = { PATH: process.env['PATH'], ...this.bed.stack.env };
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  }

  private heads(): Promise<string> {
    return this.bed.one(
      'SELECT sum(t) FROM (SELECT topic, partition, max(`to`) AS t FROM millrace.ingest_ledger GROUP BY topic, partition)',
    );
  }
}
