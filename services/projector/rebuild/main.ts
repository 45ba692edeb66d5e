/**
 * Rebuilds the tables from the log: `millrace rebuild` prepares the database NEXT and starts this.
 *
 *   node dist/services/projector/rebuild/main.js --next DATABASE --run ID [--from TIME|MESSAGE] [--accept-differences]
 *
 * Environment: the common variables; CLICKHOUSE_DATABASE is the live one; PROJECTOR_GROUP its projector's group.
 * Exit code 0: exchanged. 1: nothing was exchanged. A run that died is continued by the same command.
 */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createKafka, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { clickHouseFromEnv } from '../../lib/clickhouse';
import { text } from '../../lib/environment';
import { realClock } from '../clock';
import { PROJECTIONS } from '../projections';
import { RegistrySubjects } from '../registry-check';
import { ClickHouseSink } from '../sink';
import { RegistryWriters } from '../writers';
import { parseFrom } from './from';
import { replayStarts } from './log-start';
import { Rebuild } from './rebuild';
import { replayer } from './replay';
import { takeOver } from './take-over';

const { values } = parseArgs({
  options: {
    next: { type: 'string' },
    run: { type: 'string' },
    from: { type: 'string' },
    'accept-differences': { type: 'boolean', default: false },
  },
});
const { env } = process;
const log = pino({ name: 'rebuild' });

async function main(): Promise<void> {
  const { next, run } = values;
  if (!next || !run) throw new RangeError('--next DATABASE and --run ID are needed');
  const stream = streamConfig(env, 'rebuild');
  const group = text(env, 'PROJECTOR_GROUP', 'consumer group', 'millrace-projector');
  const clickhouse = clickHouseFromEnv(env, 'rebuild');
  const nextClient = clickHouseFromEnv({ ...env, CLICKHOUSE_DATABASE: next }, 'rebuild');
  const kafka = createKafka(stream, log);
  const writers = new RegistryWriters(new WriterSchemas(stream), new RegistrySubjects(stream), realClock);
  const since = await replayStarts(kafka, PROJECTIONS, writers, values.from ? parseFrom(values.from) : -Infinity, log);
  const differences = await new Rebuild({
    ...{ clickhouse, next, log, since, clock: realClock },
    live: text(env, 'CLICKHOUSE_DATABASE', 'database', 'millrace'),
    replay: replayer({
      ...{ stream, log, since, metrics: new Registry(), group: `${group}-rebuild-${run}` },
      sink: new ClickHouseSink(nextClient, realClock),
    }),
    takeOver: () =>
      takeOver(
        kafka,
        group,
        PROJECTIONS.map((p) => p.topic),
        log,
      ),
  }).run({ acceptDifferences: values['accept-differences'] });
  log.info({ differences }, 'done');
  await Promise.all([clickhouse.close(), nextClient.close()]);
}

main().then(
  () => process.exit(0),
  (err: unknown) => {
    log.fatal({ err, hint: (err as { hint?: string }).hint }, 'nothing was exchanged');
    process.exit(1);
  },
);
