/** What the security documents name as proof is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';

const root = projectRoot();
const model = readFileSync(join(root, 'deploy', 'security', 'threat-model.md'), 'utf8');
const standards = readFileSync(join(root, 'deploy', 'security', 'standards.md'), 'utf8');
const proofs = [...model.matchAll(/`((?:test|deploy)\/[\w./-]+)`(?: › ([^|]+?))? \|/g)].map(([, file = '', title]) => ({
  file,
  title,
}));

test('every hop has its table, and every row its proof', () => {
  const rows = model.split('\n').filter((line) => /^\| [STRIDE]( [STRIDE])* \|/.test(line));
  expect(rows.length).toBeGreaterThan(20);
  expect(proofs).toHaveLength(rows.length);
  expect(new Set(rows.flatMap((r) => (r.split('|')[1] ?? '').trim().split(' ')))).toEqual(new Set('STRIDE'));
});

test.each(proofs)('$file › $title', ({ file, title }) => {
  const text = readFileSync(join(root, file), 'utf8');
  if (title !== undefined) expect(text).toContain(`'${title}'`);
});

test('what the table of standards names is there, and what is not answered is called a gap', () => {
  const rows = standards.split('\n').filter((line) => /^\| (ETSI|62443|ISVS)/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const files = [...row.matchAll(/`((?:test|deploy)\/[\w./-]+)`/g)].map(([, file = '']) => file);
    expect([row, files.filter((f) => !existsSync(join(root, f)))]).toEqual([row, []]);
    expect([row, files.length > 0 || row.includes('**gap**')]).toEqual([row, true]);
  }
});
