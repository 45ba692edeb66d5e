/**
 * The projector as a process among real components, and `millrace rebuild` as it is run: tables made anew from the log
 * beside the old ones, compared, exchanged; readers see no gap. With `--from`, of a part of the log, older rows as they
 * are; what differs is refused, and a run is continued.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventWriter } from '../../../schemas/stream';
import { type EventTypes } from '../../../schemas/codec';
import { type Topic, Topics, type EventName } from '../../../schemas/topics';
import { REBUILT } from '../../../services/projector/rebuild/tables';
import { type ServiceProcess } from '../service-process';
import { Bed, eventually, frame } from './support/bed';
import { History, T0 } from './support/history';

jest.setTimeout(120_000);

const FRAMES = 20;
const HOUR_MS = 3_600_000;

let bed: Bed;
let history: History;
let projector: ServiceProcess;
beforeAll(async () => {
  bed = await Bed.start();
  history = new History(bed);
  projector = await bed.projector();
}, 60_000);
afterAll(async () => {
  await projector?.stop();
  await bed?.stop();
});

async function produceOthers(): Promise<void> {
  const send = <N extends EventName>(topic: Topic<N>, key: string, record: EventTypes[N]) =>
    bed.producer.send({ topic: topic.name, messages: [{ key, value: new EventWriter(topic, bed.ids).write(record) }] });
  const of = { tenant: 'acme', device_id: 'device-1' };
  const key = 'acme/device-1';
  for (let n = 1; n <= 3; n++) {
    await send(Topics.presence, key, {
      ...of,
      agent_id: 'a',
      status: 'online',
      since: T0,
      last_seen: T0 + n,
      interval_ms: 1_000,
      reason: '',
    });
    await send(Topics.sessions, key, {
      ...of,
      agent_id: 'a',
      session_id: 's',
      type: n === 1 ? 'connect' : 'heartbeat',
      at: T0 + n,
      protocol: 'modbus',
      interval_ms: 1_000,
      reason: '',
      seq: n,
    });
  }
  const gap = { agent_id: 'a', from_seq: 5, to_seq: 6, readings: 20, reason: 'disk-bound', at: T0, seq: 9 } as const;
  await send(Topics.outboxGaps, key, { ...of, ...gap });
}

/** Reads as fast as it can. What a reader must never see: fewer readings than before, or an error. */
class Reader {
  readonly trouble: string[] = [];
  polls = 0;
  private stopped = false;
  private readonly done = this.read();

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  private async read(): Promise<void> {
    let before = [0, 0, 0, 0];
    while (!this.stopped) {
      try {
        const sql =
          'SELECT (SELECT count() FROM millrace.readings), (SELECT sum(count) FROM millrace.readings_1h), (SELECT count() FROM millrace.latest_values), (SELECT count() FROM millrace.sessions)';
        const now = (await bed.one(sql)).split('\t').map(Number);
        if (now.some((n, i) => n < before[i]!)) this.trouble.push(`${before.join()} became ${now.join()}`);
        before = now;
        this.polls++;
      } catch (e) {
        this.trouble.push(String(e));
      }
      await sleep(100);
    }
  }
}

/** What this test fills: the others are empty in both copies. */
const FILLED = new Set([
  ...['readings_raw', 'readings_1m_state', 'readings_1h_state', 'latest_state'],
  ...['session_events', 'presence_state', 'outbox_gaps', 'dead_letters_state'],
]);

/** Rows that one copy has and the other has not. */
async function differing(next: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { table, compare } of REBUILT) {
    const of = (database: string): string => {
      if (typeof compare === 'object') return `SELECT * FROM ${database}.${compare.view}`;
      return `SELECT * FROM ${database}.${table}${compare === 'newest' ? ' FINAL' : ''}`;
    };
    const counted = (sql: string): string => `SELECT *, count() FROM (${sql}) GROUP BY ALL`;
    const minus = (a: string, b: string): string =>
      `(SELECT count() FROM (${counted(of(a))} EXCEPT ${counted(of(b))}))`;
    const rows = `(SELECT count() FROM (${of(next)}))`;
    found[table] = await bed.one(`SELECT ${minus('millrace', next)}, ${minus(next, 'millrace')}, ${rows} > 0`);
  }
  return found;
}

test('a frame becomes readings and windows', async () => {
  /** A whole hour, so that windows are easy to reckon. */
  const ts = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  await bed.produce([frame({ seq: 1, ts, readings: 60 })]);
  await eventually('60 readings', async () => (await bed.one('SELECT count() FROM millrace.readings')) === '60');
  // A view's rows are readable a moment after those it was made from.
  type Minute = { count: string; sum: number; median: number };
  const minutes = (): Promise<Minute[]> => bed.rows('SELECT count, sum, median FROM millrace.readings_1m');
  await eventually('a minute', async () => (await minutes()).length > 0);
  expect(await minutes()).toEqual([{ count: expect.anything() as string, sum: 1830, median: 30.5 }]);
});

test('rebuilt is live, row for row, while readings come and readers read', async () => {
  await produceOthers();
  for (let seq = 1; seq <= FRAMES; seq++) await history.produce(seq);
  await history.settled();
  const reader = new Reader();
  const rebuilding = history.millrace('rebuild', '--run', 'one', '--keep');
  for (let seq = FRAMES + 1; seq <= FRAMES + 10; seq++) {
    await history.produce(seq);
    await sleep(150);
  }
  const { code, said } = await rebuilding;
  expect(said).toMatch(/exchanged/);
  expect(code).toBe(0);
  await history.settled();
  await reader.stop();
  expect(reader.trouble).toEqual([]);
  expect(reader.polls).toBeGreaterThan(20);
  const same = Object.fromEntries(REBUILT.map(({ table }) => [table, '0\t0\t' + (FILLED.has(table) ? 1 : 0)]));
  expect(await differing('millrace_rebuild_one')).toEqual(same);
});

test('a row that the log does not have is a difference; --from leaves older rows as they are', async () => {
  const bogus = (seq: number, received_at: number): string =>
    `INSERT INTO millrace.readings_raw (tenant, device_id, metric, ts, value, seq, received_at) VALUES ('acme', 'bogus', 'm', ${T0}, 1, ${seq}, ${received_at})`;
  const middle = FRAMES / 2;
  await bed.execute(bogus(1, history.receivedAt(middle - 5)));
  await bed.execute(bogus(2, history.receivedAt(middle + 5)));
  const offset = history.offsets.get(middle);
  const total = await bed.one('SELECT count() FROM millrace.readings');

  const refused = await history.millrace('rebuild', '--run', 'two', '--from', `m2m.telemetry:0:${offset}`);
  expect([refused.code, refused.said.match(/readings_raw: (\d+) rows live, (\d+) rebuilt/)?.slice(1)]).toEqual([
    1,
    [total, String(Number(total) - 1)],
  ]);
  expect(await bed.one('SELECT count() FROM millrace.readings')).toBe(total);

  // Its tables are all there: going on with the same run only compares again, and exchanges.
  const accepted = await history.millrace(
    'rebuild',
    '--run',
    'two',
    '--from',
    `m2m.telemetry:0:${offset}`,
    '--accept-differences',
  );
  expect(accepted.code).toBe(0);
  expect(await bed.one("SELECT groupArray(seq) FROM millrace.readings WHERE device_id = 'bogus'")).toBe('[1]');
  expect(await bed.one('SELECT count() FROM millrace.readings')).toBe(String(Number(total) - 1));
  expect(await bed.one("SELECT count() FROM system.databases WHERE name LIKE 'millrace_rebuild_two'")).toBe('0');
});
