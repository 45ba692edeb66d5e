/**
 * The usual way, to compare with: consume, decode in JavaScript, insert rows. At least once, no intents, no tokens.
 *   node js-consumer.js rowbinary|jsoneachrow DATABASE READINGS       environment: as every process
 * Prints its own CPU-seconds when so many readings are in.
 */
import { createClient } from '@clickhouse/client';
import { Readable } from 'node:stream';
import { type TelemetryFrame } from '../../../schemas/generated';
import { committedConsumer, createKafka, EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';

const [format = 'rowbinary', database = 'millrace', readings = '0'] = process.argv.slice(2);
const COLUMNS = 'tenant, device_id, metric, ts, value, quality, agent_id, seq, received_at, clock_offset_ms';
/** Readings of one insert, about: the same bound as the projector's. */
const ROWS_PER_INSERT = 1_000_000;

class RowBinary {
  private buffer = Buffer.allocUnsafe(64 * 1024 * 1024);
  private at = 0;

  add(f: TelemetryFrame): number {
    let rows = 0;
    for (const s of f.series)
      for (let i = 0; i < s.dt.length; i++, rows++) {
        if (this.buffer.length - this.at < 4_096)
          this.buffer = Buffer.concat([this.buffer, Buffer.allocUnsafe(this.buffer.length)]);
        this.text(f.tenant);
        this.text(f.device_id);
        this.text(s.metric);
        this.at = this.buffer.writeBigInt64LE(BigInt(f.ts + s.dt[i]!), this.at);
        this.at = this.buffer.writeDoubleLE(s.value[i]!, this.at);
        this.at = this.buffer.writeUInt8(s.quality[i] ?? 0, this.at);
        this.text(f.agent_id);
        this.at = this.buffer.writeBigUInt64LE(BigInt(f.seq), this.at);
        this.at = this.buffer.writeBigInt64LE(BigInt(f.received_at), this.at);
        this.at = this.buffer.writeInt32LE(f.clock_offset_ms, this.at);
      }
    return rows;
  }

  private text(s: string): void {
    const length = this.buffer.write(s, this.at + 1, 'utf8'); // names here are shorter than 128 bytes
    this.buffer[this.at] = length;
    this.at += 1 + length;
  }

  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.at));
    this.at = 0;
    return taken;
  }
}

class JsonEachRow {
  private lines: string[] = [];

  add(f: TelemetryFrame): number {
    let rows = 0;
    const { tenant, device_id, agent_id, seq, clock_offset_ms } = f;
    const received_at = f.received_at / 1_000;
    for (const s of f.series)
      for (let i = 0; i < s.dt.length; i++, rows++)
        this.lines.push(
          JSON.stringify({
            ...{
              tenant,
              device_id,
              metric: s.metric,
              ts: (f.ts + s.dt[i]!) / 1_000,
              value: s.value[i],
              quality: s.quality[i] ?? 0,
            },
            ...{ agent_id, seq, received_at, clock_offset_ms },
          }),
        );
    return rows;
  }

  take(): Buffer {
    const taken = Buffer.from(this.lines.join('\n'));
    this.lines = [];
    return taken;
  }
}

async function main(): Promise<void> {
  const { env } = process;
  const config = streamConfig(env, 'js-consumer');
  const reader = new EventReader('telemetry-frame', new WriterSchemas(config));
  const client = createClient({
    url: env['CLICKHOUSE_URL']!,
    username: env['CLICKHOUSE_USER']!,
    password: env['CLICKHOUSE_PASSWORD']!,
    database,
  });
  const rows = format === 'rowbinary' ? new RowBinary() : new JsonEachRow();
  let pending = 0;
  let total = 0;
  const flush = async (): Promise<void> => {
    const query = `INSERT INTO readings_raw (${COLUMNS}) FORMAT ${format === 'rowbinary' ? 'RowBinary' : 'JSONEachRow'}`;
    const { stream } = await client.exec({ query, values: Readable.from([rows.take()], { objectMode: false }) });
    for await (const _ of stream) void _;
    total += pending;
    pending = 0;
  };
  const consumer = committedConsumer(createKafka(config, { warn: () => undefined }), `js-${format}-${database}`);
  await consumer.connect();
  await consumer.subscribe({ topic: Topics.telemetry.name, fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) pending += rows.add(await reader.read(value!));
      if (pending >= ROWS_PER_INSERT || total + pending >= Number(readings)) await flush();
      if (total < Number(readings)) return;
      const { user, system } = process.cpuUsage();
      console.log(JSON.stringify({ cpu_s: (user + system) / 1e6, readings: total }));
      process.exit(0);
    },
  });
}

void main();
