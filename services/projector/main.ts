/**
 * Projects every topic into ClickHouse, exactly once (DESIGN.md §4). Environment: the common variables, and
 * PROJECTOR_GROUP (consumer group, default millrace-projector), PROJECTOR_ADOPT_LEDGER=1 (once, see deploy/decisions/0300).
 */
import { streamConfig } from '../../schemas/stream';
import { clickHouseFromEnv } from '../lib/clickhouse';
import { text } from '../lib/environment';
import { type RunningService, runService, type ServiceContext } from '../lib/service';
import { realClock } from './clock';
import { ClickHouseSink } from './sink';
import { wire } from './wire';

const NAME = 'projector';
const DEFAULT_GROUP = 'millrace-projector';

async function start({ log, metrics, tracer, env }: ServiceContext): Promise<RunningService> {
  const clickhouse = clickHouseFromEnv(env, NAME);
  const wired = await wire({
    stream: streamConfig(env, NAME),
    group: text(env, 'PROJECTOR_GROUP', 'consumer group', DEFAULT_GROUP),
    sink: new ClickHouseSink(clickhouse, realClock),
    ...{ log, metrics, tracer },
    adoptLedger: env['PROJECTOR_ADOPT_LEDGER'] === '1',
    failed: (err) => {
      log.fatal({ err }, 'the consumer is gone');
      process.exit(1);
    },
  });
  return {
    notReady: () => wired.projector.notReady(),
    stop: async () => {
      await wired.stop();
      await clickhouse.close();
    },
  };
}

void runService(NAME, process.env, start);
