/** What the end of a device does to files and profiles. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type AgentProfile } from '../../schemas/generated';
import { type Engine, historyExport } from '../../workflows/io/history-export';
import { profileRemoval, withoutDevice } from '../../workflows/io/profile-removal';

const dir = mkdtempSync(join(tmpdir(), 'millrace-exports-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** SQL that has a lifecycle event and two readings of the device, up to this number. */
function sql(seq: number, failing = false): Engine {
  const query = ({ query: text }: { query: string }): unknown => {
    if (text.includes('greatest')) return { json: () => Promise.resolve([{ seq: String(seq) }]) };
    const rows = text.includes('FROM readings') ? ['{"value":1}', '{"value":2}'] : [];
    if (text.includes('FROM device_lifecycle')) rows.push('{"version":1}');
    return {
      async *stream() {
        if (failing && rows.length === 2) throw new Error('cut off');
        if (rows.length > 0) yield await Promise.resolve(rows.map((t) => ({ text: t })));
      },
    };
  };
  return { query: (q: { query: string }) => Promise.resolve(query(q)) } as unknown as Engine;
}

const REQUEST = { tenant: 't', device_id: 'd', agent_id: 'a', last_seq: 7, name: 't.d.run' };

test('a history is a file once it is whole, and says so in its last line', async () => {
  let beats = 0;
  const written = await historyExport(sql(7), join(dir, 'whole'))(REQUEST, () => beats++);
  const rows = { lifecycle: 1, session: 0, command: 0, alarm: 0, gap: 0, reading: 2 };
  expect(written).toMatchObject({ rows, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(beats).toBe(2);
  const file = readFileSync(written.file);
  expect(file.length).toBe(written.bytes);
  const lines = gunzipSync(file).toString().trimEnd().split('\n');
  expect(lines.map((l) => JSON.parse(l) as object)).toEqual([
    ...[
      { kind: 'lifecycle', version: 1 },
      { kind: 'reading', value: 1 },
      { kind: 'reading', value: 2 },
    ],
    { kind: 'end', rows },
  ]);
});

test('a history that SQL does not have yet, or that is cut off, is none', async () => {
  const target = join(dir, 'none');
  await expect(historyExport(sql(6), target)(REQUEST, () => undefined)).rejects.toThrow('up to 6 of 7');
  await expect(historyExport(sql(7, true), target)(REQUEST, () => undefined)).rejects.toThrow('cut off');
  expect(readdirSync(target).filter((f) => f.endsWith('.gz'))).toEqual([]);
});

const PROFILE = `agent: { id: a, tenant: t }
connections: [{ name: line, protocol: modbus-tcp, host: 127.0.0.1, port: 5020 }]
devices:
  # Stays.
  - { id: stays, connection: line, unit: 1, scan_ms: 1000, points: [{ metric: x, table: holding-register, address: 0 }] }
  - { id: d, connection: line, unit: 2, scan_ms: 1000, points: [{ metric: x, table: holding-register, address: 0 }] }
`;

describe('the profile of its agent', () => {
  async function removed(profile: string | undefined, device_id = 'd') {
    const put: AgentProfile[] = [];
    const desired = { tenant: 't', agent_id: 'a', version: 4, files: {}, by: 'ann', at: 1 };
    const book = {
      find: () => Promise.resolve(profile === undefined ? undefined : { ...desired, profile }),
      put: (p: AgentProfile) => Promise.resolve(void put.push(p)),
    };
    const what = { tenant: 't', agent_id: 'a', device_id, actor: 'bob', at: 9 };
    const outcome = await profileRemoval(book)(what).catch((error: unknown) => (error as Error).message);
    return { outcome, put };
  }

  test('is desired without it, and otherwise as it was', async () => {
    const { outcome, put } = await removed(PROFILE);
    expect(outcome).toEqual({ outcome: 'removed', version: 5 });
    expect(put).toMatchObject([{ version: 5, by: 'bob', at: 9 }]);
    expect(put[0]?.profile).toContain('# Stays.');
    expect(put[0]?.profile).not.toContain('id: d,');
    expect(withoutDevice(put[0]?.profile ?? '', 'd')).toBeUndefined();
  });

  test('is left alone when it does not have it, or is the agent’s own', async () => {
    expect(await removed(PROFILE, 'other')).toEqual({ outcome: { outcome: 'absent' }, put: [] });
    expect(await removed(undefined)).toEqual({ outcome: { outcome: 'own-file' }, put: [] });
  });

  test('is not desired when it would be valid no longer', async () => {
    const last = withoutDevice(PROFILE, 'stays') ?? '';
    const { outcome, put } = await removed(last);
    expect(outcome).toMatch(/cannot do without d: .*devices/);
    expect(put).toEqual([]);
  });
});
