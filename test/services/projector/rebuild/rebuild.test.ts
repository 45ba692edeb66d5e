/** What a rebuild does and refuses, against a ClickHouse that only answers. */
import { type ClickHouseClient } from '@clickhouse/client';
import { type Logger } from 'pino';
import { KEPT, REBUILT } from '../../../../services/projector/rebuild/tables';
import { type Heads, Rebuild, type RebuildOptions } from '../../../../services/projector/rebuild/rebuild';
import { VirtualTime } from '../support/virtual-time';

const TABLES = [...REBUILT.map((r) => r.table), ...KEPT];

interface Given {
  readonly tables?: readonly string[];
  /** Rows that one table has, by database. */
  readonly rows?: Readonly<Record<string, string>>;
  readonly copied?: Readonly<Record<string, string>>;
  /** The partitions are taken back when this many tables are exchanged. */
  readonly takenBackAfter?: number;
  readonly since?: number;
}

function world(given: Given) {
  const did: string[] = [];
  const over = new AbortController();
  const replayed: Heads[] = [];
  const answer = (sql: string): object[] => {
    if (sql.includes('system.tables')) return (given.tables ?? TABLES).map((name) => ({ name }));
    if (sql.includes('ingest_ledger')) return [{ topic: 'm2m.telemetry', partition: 0, t: '7' }];
    if (sql.includes('.retention')) return [];
    if (sql.includes('DISTINCT')) return [{ day: '2026-01-01' }, { day: '2026-01-02' }];
    const step = /rebuild_progress WHERE copied = '([^']+)'/.exec(sql)?.[1];
    if (step !== undefined) return given.copied?.[step] ? [{ state: given.copied[step] }] : [];
    const database = /FROM (\w+)\.readings_raw/.exec(sql)?.[1];
    return [{ rows: (database && given.rows?.[database]) ?? '5', hash: 'h', total: 0 }];
  };
  const clickhouse = {
    query: ({ query }: { query: string }) => Promise.resolve({ json: () => Promise.resolve(answer(query)) }),
    command: ({ query }: { query: string }) => {
      did.push(query.split(' ').slice(0, 3).join(' '));
      if (did.filter((d) => d.startsWith('EXCHANGE')).length === given.takenBackAfter) over.abort();
      return Promise.resolve();
    },
  } as unknown as ClickHouseClient;
  const time = new VirtualTime();
  const rebuild = new Rebuild({
    ...{ clickhouse, live: 'live', next: 'next', since: () => given.since ?? -Infinity },
    clock: { now: () => time.now(), sleep: () => Promise.resolve() },
    log: { info: () => undefined } as unknown as Logger,
    replay: (until) => Promise.resolve(void replayed.push(until)),
    takeOver: () => {
      did.push('taken over');
      return Promise.resolve({ signal: over.signal, release: () => Promise.resolve(void did.push('released')) });
    },
  });
  return { did, replayed, run: (o: Partial<RebuildOptions> = {}) => rebuild.run({ acceptDifferences: false, ...o }) };
}

const exchanged = (did: readonly string[]): number => did.filter((d) => d.startsWith('EXCHANGE TABLES')).length;

test('replays, takes over, replays the rest, exchanges every table, gives back', async () => {
  const { did, replayed, run } = world({});
  expect(await run()).toEqual([]);
  expect(replayed).toHaveLength(2);
  expect(replayed[1]?.get('m2m.telemetry:0')).toBe(7);
  expect(exchanged(did)).toBe(REBUILT.length);
  expect([did[0], did.at(-1)]).toEqual(['taken over', 'released']);
});

test('refuses tables that nobody has said anything about, before it does anything', async () => {
  const { did, run } = world({ tables: [...TABLES, 'invented'] });
  await expect(run()).rejects.toMatchObject({
    code: 'unknown-table',
    message: expect.stringMatching(/invented/) as string,
  });
  expect(did).toEqual([]);
});

test('a difference exchanges nothing and gives the partitions back, unless it is accepted', async () => {
  const given = { rows: { live: '5', next: '4' } };
  const refused = world(given);
  await expect(refused.run()).rejects.toMatchObject({ code: 'different' });
  expect([exchanged(refused.did), refused.did.at(-1)]).toEqual([0, 'released']);
  const accepted = world(given);
  expect(await accepted.run({ acceptDifferences: true })).toMatchObject([{ table: 'readings_raw' }]);
  expect(exchanged(accepted.did)).toBe(REBUILT.length);
});

test('stops exchanging when the group takes the partitions back', async () => {
  const { did, run } = world({ takenBackAfter: 3 });
  await expect(run()).rejects.toMatchObject({ code: 'taken-back' });
  expect([exchanged(did), did.at(-1)]).toEqual([3, 'released']);
});

test('copies what is older once: a copy that is done is left, one that was cut short is refused', async () => {
  const copies = (did: readonly string[]): string[] =>
    did.filter((d) => d.startsWith('INSERT INTO next.') && !d.includes('progress'));
  const fresh = world({ since: 1_000 });
  await fresh.run();
  expect(copies(fresh.did).slice(0, 3)).toEqual([
    'INSERT INTO next.in_telemetry',
    'INSERT INTO next.in_telemetry',
    'INSERT INTO next.device_events',
  ]);
  const done = world({ since: 1_000, copied: { 'readings_raw 2026-01-01': 'done', device_events: 'done' } });
  await done.run();
  expect(copies(done.did).slice(0, 2)).toEqual(['INSERT INTO next.in_telemetry', 'INSERT INTO next.command_events']);
  const cut = world({ since: 1_000, copied: { 'readings_raw 2026-01-02': 'begun' } });
  await expect(cut.run()).rejects.toMatchObject({ code: 'half-copied' });
  expect(exchanged(cut.did)).toBe(0);
});
