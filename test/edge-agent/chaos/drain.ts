/** Ships what a stopped agent's outbox still holds, with the agent's own shipper. */
import { join } from 'node:path';
import { systemClock } from '../../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../../edge-agent/io/outbox/fs';
import { openOutbox } from '../../../edge-agent/io/outbox/outbox';
import { HintFile } from '../../../edge-agent/io/shipper/hint';
import { KafkaLink } from '../../../edge-agent/io/shipper/link';
import { DiskSchemaIds } from '../../../edge-agent/io/shipper/schema-ids';
import { Shipper } from '../../../edge-agent/io/shipper/shipper';
import { createKafka, type StreamConfig } from '../../../schemas/stream';

export async function drain(dataDir: string, agentId: string, config: StreamConfig): Promise<void> {
  const clock = systemClock;
  const outbox = await openOutbox({
    ...{ directory: join(dataDir, 'outbox'), bounds: DEFAULT_BOUNDS, fs: nodeFs, clock, tenant: 'default', agentId },
    newId: () => 'never',
    onEvent: () => undefined,
  });
  const kafka = createKafka(config, { warn: () => undefined });
  const shipper = new Shipper({
    ...{ agentId, outbox, clock, random: Math.random },
    link: new KafkaLink(kafka, { agentId, replicationFactor: 1, clock }),
    schemaIds: new DiskSchemaIds(config, join(dataDir, 'schema-ids.json')),
    hint: new HintFile(join(dataDir, 'shipped.json')),
    onEvent: () => undefined,
    onFatal: () => undefined,
  });
  shipper.start();
  for (const lane of ['priority', 'telemetry'] as const) await shipper.whenShipped(lane, outbox.status(lane).next);
  await shipper.stop();
  await outbox.close();
}
