/**
 * Calls every route of openapi.json with what fits and what does not, and looks for 5xx and answers that are not in it.
 * Without --url it starts an API over memory; with it (and MILLRACE_API_TOKEN) it calls one that runs,
 * and what that has is moved, decommissioned, revoked and deleted: on another machine only with --confirm.
 *
 *   node dist/test/chaos/api.js [--seed N] [--examples 50] [--phases coverage,fuzzing,stateful]
 *       [--url http://127.0.0.1:8080 [--confirm]]
 *
 * Calls of real components take ten times as long: with --phases fuzzing there are hundreds in place of thousands.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isHere } from '../../schemas/plaintext';
import { projectRoot } from '../../schemas/root';
import { TOKEN } from '../services/api/harness';
import { type Known, startWholeApi } from '../services/api/whole-api';
import { knownOf } from './support/known-routes';

const VERSION = '4.32.5';
/** Never ends by itself: its answers are tested by hand. */
const LEFT_OUT = ['/stream'];
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
];

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    examples: { type: 'string', default: '50' },
    phases: { type: 'string', default: 'coverage,fuzzing,stateful' },
    url: { type: 'string' },
    confirm: { type: 'boolean', default: false },
  },
});

void main();

interface Target {
  readonly url: string;
  readonly token: string;
  readonly known: Known;
  close(): Promise<void>;
}

async function main(): Promise<void> {
  if (values.url !== undefined && !values.confirm && !isHere(values.url)) {
    console.error(`what ${values.url} has is moved, decommissioned, revoked and deleted; confirm it with --confirm`);
    process.exitCode = 2;
    return;
  }
  const folder = await ensureSchemathesis();
  const target = values.url === undefined ? await inMemory() : await running(values.url.replace(/\/$/, ''));
  const { url, token } = target;
  const work = mkdtempSync(join(tmpdir(), 'millrace-chaos-api-'));
  const config = join(work, 'schemathesis.toml');
  writeFileSync(config, configOf(target.known));
  try {
    const code = await python(
      [
        join(folder, 'bin', 'schemathesis'),
        '--config-file',
        config,
        'run',
        `${url}/openapi.json`,
        '--url',
        `${url}/api/v1`,
      ]
        .concat('--header', `Authorization: Bearer ${token}`, '--checks', CHECKS.join(','))
        .concat(
          '--phases',
          values.phases,
          '--max-examples',
          values.examples,
          '--seed',
          values.seed,
          '--continue-on-failure',
          '--no-color',
        )
        .concat(LEFT_OUT.flatMap((path) => ['--exclude-path', path])),
      { PYTHONPATH: folder, SCHEMATHESIS_HOOKS: join(projectRoot(), 'test', 'chaos', 'support', 'ndjson.py') },
    );
    if (code !== 0) console.error(`not sound; repeat with --seed ${values.seed} --examples ${values.examples}`);
    process.exitCode = code;
  } finally {
    await target.close();
    rmSync(work, { recursive: true });
  }
}

async function inMemory(): Promise<Target> {
  const api = await startWholeApi();
  return { url: api.url, token: TOKEN, known: api.known, close: () => api.close() };
}

async function running(url: string): Promise<Target> {
  const token = process.env['MILLRACE_API_TOKEN'] ?? '';
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { readonly paths: object };
  const known = await knownOf(url, token, Object.keys(document.paths));
  return { url, token, known, close: () => Promise.resolve() };
}

/** Mostly what is there, so that calls get further than 404 and 400; now and then what comes to mind. */
const KNOWN_SHARE = 0.7;

/** TOML: its strings are written as those of JSON. */
function configOf(known: Known): string {
  const lines = Object.entries(known).flatMap(([path, parameters], i) => [
    ...['[[operations]]', `include-path = ${JSON.stringify(path)}`],
    ...Object.keys(parameters).map((name, j) => {
      const binding = `{ dictionary = "known-${i}-${j}", probability = ${KNOWN_SHARE} }`;
      return `parameters.${JSON.stringify(name)} = ${binding}`;
    }),
  ]);
  const dictionaries = Object.values(known).flatMap((parameters, i) =>
    Object.values(parameters).map((values, j) => `[dictionaries.known-${i}-${j}]\nvalues = ${JSON.stringify(values)}`),
  );
  return [...dictionaries, ...lines].join('\n');
}

/** Folder for PYTHONPATH, in the project's own; fetched when it is not there yet. */
async function ensureSchemathesis(): Promise<string> {
  const folder = join(projectRoot(), '.millrace', 'pytest-deps', `schemathesis-${VERSION}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary=:all:'];
  const code = await python(['-m', 'pip', 'install', ...quiet, '--target', work, `schemathesis==${VERSION}`], {});
  if (code === 0) renameSync(work, folder);
  else rmSync(work, { recursive: true, force: true });
  if (code !== 0)
    throw new Error(`schemathesis ${VERSION} cannot be installed: is there python3 with pip, and the package index?`);
  return folder;
}

function python(args: readonly string[], env: Record<string, string>): Promise<number> {
  const child = spawn('python3', args, { stdio: 'inherit', env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)));
}
