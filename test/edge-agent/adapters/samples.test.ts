/** Beside each adapter lie its README and a sample profile, which is valid as it stands. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPlan } from '../../../edge-agent/profile-file';
import { projectRoot } from '../../../schemas/root';

const FOLDER = join(projectRoot(), 'edge-agent', 'adapters');

test.each(readdirSync(FOLDER))('%s', (name) => {
  expect(readPlan(join(FOLDER, name, 'sample.yaml'), {}).devices.size).toBeGreaterThan(0);
  expect(existsSync(join(FOLDER, name, 'README.md'))).toBe(true);
});
