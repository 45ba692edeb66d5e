/** A runbook is followed at night: what it names must be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../deploy/cli/program';
import { ALERTS } from '../../deploy/observability/alerts';
import { projectRoot } from '../../schemas/root';
import { Topics } from '../../schemas/topics';
import { everyMetric } from './observability/every-metric';

const SILENT = {
  ...{ out: () => undefined, err: () => undefined, outTty: false, errTty: false },
  ...{ color: { out: false, err: false }, input: false },
};
const root = projectRoot();
const dir = join(root, 'deploy', 'runbooks');
const files = readdirSync(dir);
const text = (file: string): string => readFileSync(join(dir, file), 'utf8');

test.each(files)('%s names metrics that there are', (file) => {
  const known = everyMetric().map((m) => m.name);
  const named = [...text(file).matchAll(/\bmillrace_[a-z_]+/g)].map(([name]) => name);
  expect(named.filter((n) => !known.includes(n.replace(/_(bucket|count|sum)$/, '')) && !known.includes(n))).toEqual([]);
});

test.each(files)('%s names alerts that there are', (file) => {
  const named = [...text(file).matchAll(/\bMillrace[A-Z][A-Za-z0-9]+…?/g)].map(([name]) => name);
  const there = (name: string): boolean =>
    ALERTS.some(({ alert }) => (name.endsWith('…') ? alert.startsWith(name.slice(0, -1)) : alert === name));
  expect(named.filter((n) => !there(n))).toEqual([]);
});

test.each(files)('%s names programs, tests and pages that there are', (file) => {
  const programs = [...text(file).matchAll(/dist\/([\w/-]+)\.js/g)].map(([, path]) => `${path}.ts`);
  const tests = [...text(file).matchAll(/`((?:test|deploy|schemas)\/[\w./-]+\.(?:ts|md|sql))`/g)].map(
    ([, path = '']) => path,
  );
  const pages = [...text(file).matchAll(/\(([a-z-]+\.md)\)/g)].map(([, page]) => `deploy/runbooks/${page}`);
  expect([...programs, ...tests, ...pages].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test.each(files)('%s names topics that there are', (file) => {
  const named = [...text(file).matchAll(/`(m2m\.[a-z-]+)`/g)].map(([, name]) => name);
  const known = Object.values(Topics).map((t) => t.name as string);
  expect(named.filter((n) => !known.includes(n ?? ''))).toEqual([]);
});

test.each(files)('%s names verbs that there are, with their options', (file) => {
  const program = build({ projectRoot: root, env: {}, io: SILENT }, () => undefined);
  const lines = [...text(file).matchAll(/\.\/millrace ([a-z][^`\n]*)/g)].map(([, line = '']) => line);
  for (const line of lines) {
    let at = program;
    for (const word of line.split(/[\s"'(]/)) {
      const next = at.commands.find((c) => c.name() === word);
      if (!next) break;
      at = next;
    }
    expect([line, at !== program]).toEqual([line, true]);
    if (at.name() === 'chaos' || at.name() === 'bench') {
      const [, name = ''] = line.split(' ');
      expect(existsSync(join(root, 'test', at.name(), `${name}.ts`))).toBe(true);
    }
    const known = at.options.map((o) => o.long);
    const used = [...line.replaceAll(/"[^"]*"/g, '').matchAll(/--[a-z-]+/g)].map(([option]) => option);
    expect([line, used.filter((o) => !known.includes(o))]).toEqual([line, []]);
  }
});

test('every runbook is in the table of the first page', () => {
  expect(files.filter((f) => f !== 'README.md' && !text('README.md').includes(`(${f})`))).toEqual([]);
});
