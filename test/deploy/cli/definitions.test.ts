import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, FakeApi, type Seen } from '../support/fake-api';
import { cli, type Ran } from '../support/run-cli';

async function against(answer: (n: number) => Answer, argv: readonly string[]): Promise<Ran & { seen: Seen[] }> {
  const api = new FakeApi((_, n) => answer(n));
  const url = await api.start();
  try {
    return { ...(await cli(argv, { API_URL: url, MILLRACE_API_TOKEN: 'secret' })), seen: api.seen };
  } finally {
    await api.stop();
  }
}

test('a model is put from YAML', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-model-'));
  writeFileSync(join(dir, 'm.yaml'), 'commands: [{ name: stop }]\n');
  const { code, out, seen } = await against(
    () => ({ body: { version: 3 } }),
    ['model', 'put', 'b7', join(dir, 'm.yaml')],
  );
  rmSync(dir, { recursive: true });
  expect({ code, out }).toEqual({ code: 0, out: 'b7 is at version 3\n' });
  expect(seen[0]).toMatchObject({ method: 'PUT', path: '/api/v1/models/b7', body: { commands: [{ name: 'stop' }] } });
});

test('the models of a profile are imported; one that is left out is an error', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-model-'));
  writeFileSync(join(dir, 'p.yaml'), 'agent: { id: e }\n');
  const body = { defined: [{ name: 'boiler', version: 2 }], left_out: [{ name: 'pump', reason: 'it is ours' }] };
  const { code, out, seen } = await against(() => ({ body }), ['model', 'import', join(dir, 'p.yaml')]);
  rmSync(dir, { recursive: true });
  expect({ code, seen }).toMatchObject({
    code: 1,
    seen: [{ path: '/api/v1/models', body: { profile: 'agent: { id: e }\n' } }],
  });
  expect(out).toMatch(/boiler +2 +-\npump +- +it is ours\n/);
});

test('a group is put from options, and its members are listed over the pages', async () => {
  const argv = ['group', 'put', 'hall-2', '--label', 'hall=2', '--model', 'b7', '--description', 'Hall 2'];
  const { seen } = await against(() => ({ body: { version: 1 } }), argv);
  expect(seen[0]?.body).toEqual({ description: 'Hall 2', filter: { model: 'b7', labels: { hall: '2' } } });
  const pages = [
    { items: [{ device_id: 'a', state: 'active' }], next: 'c' },
    { items: [{ device_id: 'b', state: 'active' }] },
  ];
  const listed = await against((n) => ({ body: pages[n - 1] }), ['group', 'members', 'hall-2']);
  expect(listed.out.split('\n').map((l) => l.split(' ')[0])).toEqual(['DEVICE', 'a', 'b', '']);
  expect(listed.seen[1]?.path).toBe('/api/v1/groups/hall-2/devices?limit=1000&cursor=c');
});
