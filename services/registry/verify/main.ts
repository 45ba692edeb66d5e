/**
 * Checks that log, states and, when CLICKHOUSE_URL is set, SQL tell the same story. Prints the verdict as JSON; exit 1 when
 * they do not. Read while requests are being decided, a device of the last moment may show as `no-state`: run it again.
 */
import { randomUUID } from 'node:crypto';
import { createKafka, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { clickHouseFromEnv } from '../../lib/clickhouse';
import { verify } from './verify';

void main();

async function main(): Promise<void> {
  const { env } = process;
  const config = streamConfig(env, 'registry-verify');
  const kafka = createKafka(config, {
    warn: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  });
  const clickhouse = env['CLICKHOUSE_URL'] ? clickHouseFromEnv(env, 'registry-verify') : undefined;
  try {
    const writers = new WriterSchemas(config);
    const verdict = await verify({ kafka, writers, newId: randomUUID, ...(clickhouse && { clickhouse }) });
    process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
    process.exitCode = verdict.differing === 0 ? 0 : 1;
  } finally {
    await clickhouse?.close();
  }
}
