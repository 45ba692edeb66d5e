/** The sample profiles that lie beside the adapters are valid as they stand. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPlan } from '../../../edge-agent/profile-file';
import { projectRoot } from '../../../schemas/root';

const FOLDER = join(projectRoot(), 'edge-agent', 'adapters');
const samples = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'sample.yaml')));

test.each(samples)('%s/sample.yaml', (name) => {
  expect(readPlan(join(FOLDER, name, 'sample.yaml'), {}).devices.size).toBeGreaterThan(0);
});
