/** Writes the chart's generated files: `node dist/deploy/observability/generate.js`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../schemas/root';
import { CHART_FILES, chartFiles } from './files';

for (const [path, content] of Object.entries(chartFiles())) {
  const file = join(projectRoot(__dirname), CHART_FILES, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
