/** The program that installs images, as a process: the simulated devices' own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programTool, type Tool } from '../../../../edge-agent/io/update/tool';
import { projectRoot } from '../../../../schemas/root';

const updater = join(projectRoot(), 'deploy', 'local', 'plant', 'updater');
const TIMEOUT_MS = 10_000.5;
let directory: string;
let tool: Tool;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-tool-'));
  const script = join(directory, 'updater');
  writeFileSync(script, `#!/bin/sh\nPLANT_IMAGES_DIR='${directory}' exec '${updater}' "$@"\n`, { mode: 0o755 });
  tool = programTool(script, process.env);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function image(content: string) {
  writeFileSync(join(directory, content), content);
  return { device: 'd', model: 'm', sha256: content, image: join(directory, content) };
}
const inForce = (): string => readFileSync(join(directory, 'd', 'current'), 'utf8');

test('puts an image in force, checks it, and goes back; each verb may come again', async () => {
  const [one, bad] = [image('one'), image('BAD')];
  for (let again = 0; again < 2; again++) expect(await tool('apply', one, TIMEOUT_MS)).toBeUndefined();
  expect(await tool('check', one, TIMEOUT_MS)).toBeUndefined();
  for (let again = 0; again < 2; again++) expect(await tool('apply', bad, TIMEOUT_MS)).toBeUndefined();
  expect(await tool('check', bad, TIMEOUT_MS)).toBe('the device does not start');
  for (let again = 0; again < 2; again++) expect(await tool('rollback', bad, TIMEOUT_MS)).toBeUndefined();
  expect(inForce()).toBe('one');
});

test('a program that does not end, or is not there, is a failure in words', async () => {
  expect(await programTool('/nonexistent/updater', process.env)('apply', image('x'), TIMEOUT_MS)).toMatch(/ENOENT/);
  const slow = join(directory, 'slow');
  writeFileSync(slow, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  expect(await programTool(slow, process.env)('apply', image('x'), 100.5)).toMatch(/no end in/);
});
