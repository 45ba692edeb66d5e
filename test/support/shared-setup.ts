/** Before the first test of real components (jest's globalSetup). */
import { join } from 'node:path';
import { kafkaSpec } from '../../deploy/local/components/kafka';
import { ensureComponents } from '../../deploy/local/install/ensure';
import { projectRoot } from '../../schemas/root';
import { share } from './shared';
import { type Stack, startStack } from './stack';

declare global {
  var sharedStack: Stack | undefined;
}

export default async function setUp(): Promise<void> {
  const stack = (globalThis.sharedStack = await startStack({ want: ['schema-registry'] }));
  const want = new Set(['kafka'] as const);
  const paths = await ensureComponents({ projectRoot: projectRoot(), want, report: () => undefined });
  await kafkaSpec({ dataDir: stack.dataDir, paths, ports: { broker: 1, controller: 2 } }).prepare();
  share(stack.env['SCHEMA_REGISTRY_URL'] ?? '', join(stack.dataDir, 'kafka'));
}
