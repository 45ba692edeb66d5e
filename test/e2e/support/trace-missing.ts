/**
 * What the stream and the tables know of numbers that are not in SQL. A gap was seen once in many runs, and gone when somebody
 * looked for it: whoever sees the next one is to be told all there is to know.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typeOf, unframe } from '../../../schemas/codec';
import { committedConsumer, createKafka } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { type TelemetryFrame } from '../../../schemas/generated';
import { type Platform } from './platform';

export interface Missing {
  readonly device_id: string;
  readonly last: number;
  readonly numbers: readonly number[];
}

/** The stream is taken to be read when nothing came for so long. */
const QUIET_MS = 5_000;
/** Readings come all the while: what is missing was there long ago. */
const MAX_READ_MS = 20_000;
/** Lines of a log that are worth a look. */
const LOG_LINES = 40;
const LOGS = ['projector', 'agent', 'clickhouse', 'kafka'];

const TABLES = [
  "SELECT (SELECT sum(messages) FROM ingest_ledger WHERE topic = 'm2m.telemetry') AS frames_by_ledger, uniqExact(agent_id, device_id, seq) AS frames_in_table FROM readings",
  "SELECT topic, partition, toString(`from`) AS f, toString(`to`) AS t, messages, rows, hash, inserted_at FROM ingest_ledger WHERE topic = 'm2m.telemetry' ORDER BY inserted_at DESC LIMIT 60",
  'SELECT * FROM dead_letters LIMIT 20',
  'SELECT * FROM outbox_gaps LIMIT 20',
];

export async function traceMissing(platform: Platform, missing: readonly Missing[]): Promise<string> {
  const parts = [`missing at ${new Date().toISOString()}: ${JSON.stringify(missing)}`];
  for (const what of [onStream(platform, missing), ...TABLES.map((sql) => table(platform, sql))])
    parts.push(await what.catch((e: unknown) => String(e)));
  for (const name of LOGS) parts.push(`${name}:\n${logOf(platform, name)}`);
  return parts.join('\n');
}

const table = async (platform: Platform, sql: string): Promise<string> =>
  `${sql}\n${(await platform.sql(sql)).map((row) => JSON.stringify(row)).join('\n')}`;

/** Where the missing ones lie among the committed records, and their neighbours. */
async function onStream(platform: Platform, missing: readonly Missing[]): Promise<string> {
  const { KAFKA_BROKERS: broker = '', SCHEMA_REGISTRY_URL: registryUrl = '' } = platform.runFile().facts;
  const config = { clientId: 'trace', brokers: [broker], registryUrl };
  const consumer = committedConsumer(createKafka(config, { warn: () => undefined }), `trace-${Date.now()}`);
  const near: string[] = [];
  let heard_at = Infinity;
  await consumer.connect();
  await consumer.subscribe({ topic: Topics.telemetry.name, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message: { offset, value, timestamp } }) => {
      heard_at = Date.now();
      const { device_id, seq } = frameOf(value);
      if (missing.some((m) => m.device_id === device_id && m.numbers.some((n) => Math.abs(n - seq) <= 3)))
        near.push(`${device_id} ${seq}: partition ${partition}, offset ${offset}, at ${timestamp}`);
      return Promise.resolve();
    },
  });
  for (const end = Date.now() + MAX_READ_MS; Date.now() < Math.min(end, heard_at + QUIET_MS);)
    await new Promise((r) => setTimeout(r, 200));
  await consumer.disconnect();
  return `on the stream, near what is missing:\n${near.join('\n')}`;
}

const frameOf = (value: Buffer | null): TelemetryFrame =>
  typeOf('telemetry-frame').fromBuffer(unframe(value ?? Buffer.alloc(0)).body) as TelemetryFrame;

/** The last lines that are no routine. */
function logOf(platform: Platform, name: string): string {
  const lines = readFileSync(join(platform.data, 'logs', `${name}.log`), 'utf8').split('\n');
  return lines
    .filter((line) => /recovered|assigned|"level":[456]0|ERROR|WARN|Recover|connected/.test(line))
    .slice(-LOG_LINES)
    .map((line) => line.slice(0, 400))
    .join('\n');
}
