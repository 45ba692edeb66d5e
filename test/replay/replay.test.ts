/**
 * Histories of workflows as earlier versions wrote them, run through the workflow code of today: a change that would
 * break the ones under way fails here. A change of that kind needs `patched()`, and a new recording beside the old ones:
 *
 *   RECORD_HISTORIES=1 npx jest --selectProjects component --testPathPatterns test/workflows && npx prettier --write test/replay
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { projectRoot } from '../../schemas/root';
import { HISTORIES, recorded, recordedId } from '../workflows/support/recording';

jest.setTimeout(60_000);

const quiet = new DefaultLogger('ERROR');
const names = readdirSync(HISTORIES).filter((f) => f.endsWith('.json'));
let bundle: { code: string };

beforeAll(async () => {
  Runtime.install({ logger: quiet });
  bundle = await bundleWorkflowCode({ workflowsPath: join(projectRoot(), 'workflows', 'index.ts'), logger: quiet });
});

test('every workflow has recordings', () => {
  expect(new Set(names.map((n) => n.split('.')[0]))).toEqual(new Set(['batch', 'campaign', 'command', 'decommission']));
});

test.each(names)('%s', async (name) => {
  const text = readFileSync(join(HISTORIES, name), 'utf8');
  await Worker.runReplayHistory({ workflowBundle: bundle }, recorded(text), recordedId(text));
});

test('a history of other code is found out', async () => {
  const text = readFileSync(join(HISTORIES, names[0] ?? ''), 'utf8');
  const other = recorded(
    text.replaceAll('"millrace"', '"elsewhere"').replace('EVENT_TYPE_MARKER_RECORDED', 'EVENT_TYPE_TIMER_FIRED'),
  );
  await expect(Worker.runReplayHistory({ workflowBundle: bundle }, other)).rejects.toThrow();
});
