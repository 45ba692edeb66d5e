/** Help and complaints, word for word: `UPDATE_GOLDEN=1 npx jest …` writes them anew, and the diff is for the reviewer. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { cli } from '../support/run-cli';

const NOWHERE = '/nonexistent/millrace-data';

const CASES: Readonly<Record<string, readonly string[]>> = {
  help: ['--help'],
  'help-up': ['up', '--help'],
  'help-device': ['device', '--help'],
  'help-batch-send': ['batch', 'send', '--help'],
  'help-schedule-add': ['schedule', 'add', '--help'],
  'help-alarm': ['alarm', '--help'],
  'help-alarm-shelve': ['alarm', 'shelve', '--help'],
  'help-session-list': ['session', 'list', '--help'],
  'help-watch': ['watch', '--help'],
  'help-profile': ['profile', '--help'],
  'help-profile-browse': ['profile', 'browse', '--help'],
  'help-profile-import': ['profile', 'import', '--help'],
  'help-context': ['context', '--help'],
  'help-campaign': ['campaign', '--help'],
  'help-group': ['group', '--help'],
  'help-query': ['query', '--help'],
  'help-dead-letters': ['dead-letters', '--help'],
  'unknown-context': ['--context', 'no-such-context', 'device', 'list'],
  'context-not-url': ['context', 'add', 'a', '--url', 'example.org'],
  'contexts-json': ['context', 'list', '--json'],
  'profile-not-there': ['profile', 'plan', '/nonexistent/p.yaml'],
  'help-command-send': ['command', 'send', '--help'],
  'unknown-verb': ['statsu'],
  'unknown-option': ['status', '--jsn'],
  'missing-argument': ['query'],
  'unknown-profile': ['up', '--profile', '/nonexistent/p.yaml'],
  'ports-not-auto': ['up', '--ports', 'some'],
  'nothing-running': ['device', 'list'],
  'query-nothing-running': ['query', 'SELECT 1'],
  'no-logs': ['logs'],
  'bad-argument': ['command', 'send', 'boiler-1', 'set-setpoint', '72'],
  'bad-qos': ['command', 'send', 'boiler-1', 'set-setpoint', 'value=1', '--qos', '3'],
  'bad-timeout': ['command', 'send', 'boiler-1', 'set-setpoint', 'value=1', '--timeout', 'soon'],
  'unknown-bench': ['bench', 'no-such-bench-here'],
  'unknown-shell': ['completion', 'tcsh'],
};

/** Whoever runs the tests may have contexts of their own. */
const CONTEXTS = { MILLRACE_CONTEXTS: '/nonexistent/millrace-contexts.yaml' };
const API = { API_URL: 'http://127.0.0.1:9' };

test.each(Object.entries(CASES))('%s', async (name, argv) => {
  const env: Record<string, string> = { ...CONTEXTS, ...(/^(bad|profile)-/.test(name) && API) };
  const { code, out, err } = await cli(['--data', NOWHERE, ...argv], env);
  const root = projectRoot();
  const text = `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`
    .replaceAll(root, '<project>')
    .replace(/(there are:) (?!bash).*/, '$1 …');
  const golden = join(root, 'test', 'golden', 'cli', `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] ?? !existsSync(golden)) {
    mkdirSync(dirname(golden), { recursive: true });
    writeFileSync(golden, text);
  }
  expect(text).toBe(readFileSync(golden, 'utf8'));
});

test('the version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
  expect(await cli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('status of nothing is exit 1, and JSON for programs all the same', async () => {
  const { code, out } = await cli(['--data', NOWHERE, 'status', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ phase: 'none', healthy: false, launcher_pid: null, processes: [] });
});

test('completion knows every verb', async () => {
  const { out } = await cli(['completion', 'bash']);
  for (const word of ['up', 'down', 'status', 'device', 'command'])
    expect(out).toMatch(new RegExp(`''\\) echo '[^']*\\b${word}\\b`));
  expect(out).toContain("'device') echo 'list show register");
});

test.each([
  ['', 'st', 'status'],
  ['--context north device', 'sus', 'suspend'],
  ['device show boiler-1', '--j', '--json'],
  ['profile import plant.yaml --csv tags.csv', '--dev', '--device'],
  ['up --profile', 'd', ''],
  ['device list --data', 'd', ''],
])('bash, after "%s", completes %s to %s', async (before, current, word) => {
  const { out } = await cli(['completion', 'bash']);
  const words = ['millrace', ...before.split(' ').filter(Boolean), current];
  const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _millrace; echo "\${COMPREPLY[*]}"`;
  expect(execFileSync('bash', ['-c', `${out}\n${ask}`], { encoding: 'utf8' }).trim()).toBe(word);
});

test('zsh completes by its own means: what bash’s emulation there does not know is not in it', async () => {
  const { out } = await cli(['completion', 'zsh']);
  expect(out).toContain('compdef _millrace millrace\n');
  expect(out).toContain("'device') echo 'list show register");
  expect(out).not.toMatch(/COMP_WORDS|compgen|\blocal[^\n]* path\b/);
});

test('fish offers files after an option that takes a value', async () => {
  const { out } = await cli(['completion', 'fish']);
  expect(out).toMatch(/-l profile -r\n/);
  expect(out).toMatch(/-l detach\n/);
});
