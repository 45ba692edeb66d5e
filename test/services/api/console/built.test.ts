/** What the build makes: small, named by content, and nothing of it from elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { projectRoot } from '../../../../schemas/root';
import { SCREENS } from '../../../../services/api/console-files';
import { type Harness, startApi } from '../harness';

const MAX_SCRIPT_BYTES = 150_000;

const { buildConsole, consoleFresh } = jest.requireActual<{
  buildConsole(root: string): string | undefined;
  consoleFresh(root: string): boolean;
}>('../../../../deploy/local/console-build.js');

const assets = join(projectRoot(), 'dist', 'console', 'assets');
let api: Harness;

beforeAll(async () => {
  if (!consoleFresh(projectRoot())) expect(buildConsole(projectRoot())).toBeUndefined();
  api = await startApi();
});
afterAll(() => api.close());

const get = (path: string): Promise<Response> => fetch(api.url + path);

const textOf = (file: string): string => readFileSync(join(assets, file), 'utf8');

/** What the page brings with it: its script, and what that imports at once. */
function scriptsOf(page: string): string[] {
  const found = [...page.matchAll(/src="\/assets\/([^"]+\.js)"/g)].map((m) => m[1] ?? '');
  for (const file of found)
    for (const [, name = ''] of textOf(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
      if (!found.includes(name)) found.push(name);
  return found;
}

test('all scripts but those of the map together are less than 150 KB on their way', async () => {
  const scripts = scriptsOf(await (await get('/')).text());
  expect(scripts.length).toBeGreaterThan(0);
  const bytes = scripts.reduce((n, f) => n + gzipSync(textOf(f)).length, 0);
  expect(bytes).toBeLessThan(MAX_SCRIPT_BYTES);
  const others = readdirSync(assets).filter((f) => f.endsWith('.js') && !scripts.includes(f));
  expect(others.map((f) => textOf(f).includes('maplibregl'))).toEqual([true]);
});

test('the map has its worker and its shapes from this host, as what they are', async () => {
  const served = readdirSync(assets).filter((f) => /\.(mjs|json)$/.test(f));
  const types = await Promise.all(served.map(async (f) => (await get(`/assets/${f}`)).headers.get('content-type')));
  expect(types.sort()).toEqual(['application/json; charset=utf-8', 'text/javascript; charset=utf-8']);
});

test('every screen is the same page, under a policy that lets nothing else in', async () => {
  const page = await (await get('/')).text();
  for (const screen of SCREENS)
    for (const path of [`/${screen}`, `/${screen}/a/b`]) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
      expect(await answer.text()).toBe(page);
    }
  expect((await get('/')).headers.get('content-security-policy')).toMatch(/^default-src 'self'; img-src 'self' data:;/);
  expect(page).not.toMatch(/<script(?![^>]*src=)|style=|https?:/);
});

test('files named by their content are kept for ever', async () => {
  const page = await (await get('/')).text();
  const names = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1] ?? '');
  expect(names.length).toBeGreaterThanOrEqual(3);
  for (const name of names) {
    const answer = await get(name);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  }
});

test('what is no screen is still no part of the API', async () => {
  expect((await get('/nowhere')).status).toBe(404);
  expect((await get('/assets/nothing.js')).status).toBe(404);
});
