import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readme, rows } from '../../../deploy/chart/readme';
import { CHART } from '../../../deploy/chart/render';
import { projectRoot } from '../../../schemas/root';

test('rows are values with what is said above them', () => {
  const text = "# -- The first\na: 1\nb:\n  # -- Deep\n  c: ''\n  d: { e: 1 }\nf: []\n";
  expect(rows(text)).toEqual([
    { key: 'a', value: '1', says: 'The first' },
    { key: 'b.c', value: '""', says: 'Deep' },
    { key: 'b.d', value: '{"e":1}', says: '' },
    { key: 'f', value: '[]', says: '' },
  ]);
});

test('the chart’s README has the table of its values', () => {
  const file = join(projectRoot(), CHART, 'README.md');
  const values = readFileSync(join(projectRoot(), CHART, 'values.yaml'), 'utf8');
  const text = readFileSync(file, 'utf8');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, readme(text, values));
  expect(readFileSync(file, 'utf8')).toBe(readme(text, values));
});
