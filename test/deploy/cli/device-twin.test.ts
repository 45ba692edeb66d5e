import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeApi, type Seen } from '../support/fake-api';
import { cli, type Ran } from '../support/run-cli';

const DEVICE = {
  ...{
    device_id: 'p-1',
    version: 3,
    state: 'active',
    allowed: ['suspend'],
    parent_id: 'gw-1',
    serial: 'S-2',
    replacements: 1,
  },
  ...{ registered_at: '2026-01-01T00:00:00.000Z', changed_at: '2026-01-02T00:00:00.000Z' },
};

async function against(body: object, argv: readonly string[]): Promise<Ran & { seen: Seen[] }> {
  const api = new FakeApi(() => ({ body }));
  const url = await api.start();
  try {
    return { ...(await cli(argv, { API_URL: url, MILLRACE_API_TOKEN: 'secret' })), seen: api.seen };
  } finally {
    await api.stop();
  }
}

test('update sends what is given; an empty agent or parent takes it away', async () => {
  const argv = ['device', 'update', 'p-1', '--name', 'Pump', '--agent', '', '--parent', 'gw-1', '--label', 'a=b'];
  const { code, out, seen } = await against(DEVICE, argv);
  expect(code).toBe(0);
  expect(seen[0]).toMatchObject({ method: 'PATCH', path: '/api/v1/devices/p-1' });
  expect(seen[0]?.body).toEqual({ name: 'Pump', agent_id: null, parent_id: 'gw-1', labels: { a: 'b' } });
  expect(out).toMatch(/behind +gw-1\n/);
  expect(out).toMatch(/serial +S-2 \(replacement 1\)\n/);
});

test('replace needs a serial number', async () => {
  const { seen } = await against(DEVICE, ['device', 'replace', 'p-1', '--serial', 'S-2', '--reason', 'burnt']);
  expect(seen[0]).toMatchObject({ path: '/api/v1/devices/p-1/replace', body: { serial: 'S-2', reason: 'burnt' } });
  expect((await against(DEVICE, ['device', 'replace', 'p-1'])).code).toBe(2);
});

test('configure sends the whole document and says whether the device has it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-config-'));
  const file = join(dir, 'c.yaml');
  writeFileSync(file, 'interval_s: 5\n');
  const config = { desired_version: 2, reported_version: 1, in_sync: false };
  const { out, seen } = await against(config, ['device', 'configure', 'p-1', file, '--if-version', '1']);
  rmSync(dir, { recursive: true });
  expect(seen[0]).toMatchObject({ method: 'PUT', path: '/api/v1/devices/p-1/config', body: { interval_s: 5 } });
  expect(out).toBe('desired is version 2; the device has said version 1\n');
});

test('show --at takes a time, and only a time', async () => {
  const { seen } = await against(DEVICE, ['device', 'show', 'p-1', '--at', '2026-01-01T12:00:00Z']);
  expect(seen[0]?.path).toBe('/api/v1/devices/p-1?at=2026-01-01T12%3A00%3A00.000Z');
  expect((await against(DEVICE, ['device', 'show', 'p-1', '--at', 'noon'])).err).toContain('--at noon is no time');
});
