/** What ClickHouse's answers are taken for: rows that all went in, messages it will never read, trouble of its own. */
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { Readable } from 'node:stream';
import { untraced } from '../../../schemas/tracing/tracer';
import { classifyInsertFailure } from '../../../services/domain/ingest/insert-error';
import { Memory } from '../../../services/domain/ingest/memory';
import { Batch } from '../../../services/projector/batch';
import { SinkError } from '../../../services/projector/errors';
import { DOUBT_ROUNDS, MAX_DOUBTED } from '../../../services/projector/find-refused';
import { Gate } from '../../../services/projector/gate';
import { Inserter } from '../../../services/projector/inserter';
import { Patience } from '../../../services/projector/patience';
import { type LogMessage, type Refused, type Sink } from '../../../services/projector/ports';
import { PROJECTIONS } from '../../../services/projector/projections';
import { ClickHouseSink } from '../../../services/projector/sink';

const HEADER = Buffer.from('header');
const records = (n: number) => ({ container: { whole: HEADER, bodies: HEADER }, messages: n });

describe('ClickHouse says 200', () => {
  const sinkThatTells = (summary: object | undefined): ClickHouseSink => {
    const answer = { stream: Readable.from([]), query_id: 'q', ...(summary && { summary }) };
    const client = { exec: () => Promise.resolve(answer), insert: () => Promise.resolve(answer) };
    return new ClickHouseSink(client as unknown as ClickHouseClient, { now: () => 0 });
  };
  const intent = { from: 0, to: 5, groups: [], poison: [], first: true, at: 0, shape: 'frames' } as const;
  const entry = { topic: 't', partition: 0, intent, messages: 5, rows: 5, bytes: 9 };

  it.each([
    ['all rows', { written_rows: '5' }],
    ['and those of the views', { written_rows: '35' }],
  ])('and tells of %s: they are in', async (_, summary) => {
    await sinkThatTells(summary).insert('in_alarms', records(5), 'token');
    await sinkThatTells(summary).record(entry, 'token');
  });

  it.each([
    ['no row, as when the body is lost', { written_rows: '0' }, /5 rows were sent, and the answer tells of 0 rows/],
    ['too few', { written_rows: '4' }, /tells of 4 rows/],
    ['nothing', undefined, /X-ClickHouse-Summary/],
  ])('and tells of %s: they are sent again', async (_, summary, message) => {
    const answer = sinkThatTells(summary).insert('in_alarms', records(5), 'token');
    await expect(answer).rejects.toMatchObject({ code: 'wait', message: expect.stringMatching(message) as string });
  });

  it('and tells of nothing in the ledger: it is written again', async () => {
    await expect(sinkThatTells(undefined).record(entry, 'token')).rejects.toMatchObject({ code: 'wait' });
  });

  it('counts rows of columns, not messages', async () => {
    const block = () => ({ table: 'in_series', rows: 40, parts: [HEADER] });
    await sinkThatTells({ written_rows: '40' }).insert('in_telemetry', { ...records(90), block }, 'token');
    const short = sinkThatTells({ written_rows: '39' }).insert('in_telemetry', { ...records(2), block }, 'token');
    await expect(short).rejects.toMatchObject({ code: 'wait' });
  });
});

test.each([
  [117, 'content'],
  [1001, 'doubtful'],
  [241, 'wait'],
  [undefined, 'wait'],
] as const)('code %s is %s', (code, failure) => {
  expect(classifyInsertFailure(code)).toBe(failure);
});

test.each([
  ['taken', undefined],
  ['refused', '33'],
  ['doubted', '1001'],
])('a probe answers %s', async (answer, code) => {
  const exec = () =>
    code
      ? Promise.reject(new ClickHouseError({ message: 'no', code }))
      : Promise.resolve({ stream: Readable.from([]) });
  const query = () => Promise.resolve({ json: () => [{ name: 'a', type: 'String' }] });
  const sink = new ClickHouseSink({ exec, query } as unknown as ClickHouseClient, { now: () => 0 });
  expect(await sink.probe('in_alarms', records(1).container)).toBe(answer);
});

describe('an insert ends with code 1001', () => {
  const ALARMS = PROJECTIONS.find((p) => p.table === 'in_alarms')!;
  const message = (offset: number): LogMessage => ({
    ...{ offset, timestamp: 0, key: null, headers: {} },
    value: Buffer.from([0, 0, 0, 0, 1, offset]),
  });

  /** `trouble` says of the bodies in an insert or probe whether the engine fails, by how many rounds were before. */
  async function run(n: number, trouble: (bodies: readonly number[], round: number) => boolean, columns = false) {
    const letters: number[] = [];
    const inserted: number[][] = [];
    let rounds = 0;
    let probes = 0;
    const sink: Sink = {
      insert: (_, { container }) => {
        const bodies = [...container.bodies];
        if (trouble(bodies, rounds++)) return Promise.reject(new SinkError('insert', 1001, 'std::exception'));
        inserted.push(bodies);
        return Promise.resolve();
      },
      probe: (_, { bodies }) => {
        probes++;
        return Promise.resolve(trouble([...bodies], rounds) ? 'doubted' : 'taken');
      },
      record: () => Promise.resolve(),
      ledgerHead: () => Promise.reject(new Error('not asked for')),
      insertsSince: () => Promise.reject(new Error('not asked for')),
    };
    const over = new AbortController();
    const nothing = (): Promise<never> => Promise.reject(new Error('not asked for'));
    const sleep = (): Promise<void> => Promise.resolve(rounds > 30 ? over.abort() : undefined);
    const clock = { now: () => 0, sleep };
    const layouts = {
      frames: () => ({ table: 't', rows: 1, parts: [] }),
      series: () => ({ table: 't', rows: 1, parts: [] }),
    };
    const inserter = new Inserter(
      ALARMS,
      0,
      { signal: over.signal, committed: nothing, commit: () => Promise.resolve() },
      {
        ...{ clock, gate: new Gate(), memory: new Memory(1), tracer: untraced, sink },
        deadLetters: {
          send: (_, __, refused: readonly Refused[]) =>
            Promise.resolve(void letters.push(...refused.map((r) => r.message.offset))),
        },
        log: { watermarks: nothing, open: () => ({}) as never, crowded: () => false },
        writers: {
          known: () => ({ walker: () => true, header: HEADER, ...(columns && { layouts }) }),
          learn: nothing,
        },
      },
      new Patience(clock, over.signal, { waiting: () => undefined, working: () => undefined }),
      { inserted: () => undefined } as never,
    );
    const batch = new Batch(0, true, 0, 'frames');
    for (let i = 0; i < n; i++) batch.add(message(i), { kind: 'good', schemaId: 1, rows: 1, windows: 1 });
    await inserter.project(batch).catch(() => undefined);
    return { letters, inserted, rounds, probes };
  }

  it('again and again for one message while the others go in: it alone goes to the dead letters', async () => {
    const { letters, inserted, rounds } = await run(5, (bodies) => bodies.includes(3));
    expect({ letters, inserted, rounds }).toEqual({ letters: [3], inserted: [[0, 1, 2, 4]], rounds: DOUBT_ROUNDS + 1 });
  });

  it('for a message that goes in after a while: nothing is refused', async () => {
    const { letters, inserted } = await run(5, (bodies, round) => bodies.includes(3) && round < DOUBT_ROUNDS - 1);
    expect({ letters, inserted }).toEqual({ letters: [], inserted: [[0, 1, 2, 3, 4]] });
  });

  it('for another message each time: nothing is refused', async () => {
    const { letters, inserted } = await run(5, (bodies, round) => bodies.includes(round % 5) && round < 25);
    expect({ letters, inserted }).toEqual({ letters: [], inserted: [[0, 1, 2, 3, 4]] });
  });

  it.each([1, 2, 5, 200])(
    'whatever is sent, %i messages or none: nothing is refused, and few are asked for',
    async (n) => {
      const { letters, inserted, rounds, probes } = await run(n, () => true);
      expect({ letters, inserted }).toEqual({ letters: [], inserted: [] });
      expect(probes / rounds).toBeLessThan(4 * MAX_DOUBTED);
    },
  );

  it('for a message alone in its batch, while a container without a record goes in', async () => {
    expect((await run(1, (bodies) => bodies.length > 0)).letters).toEqual([0]);
    expect((await run(2, (bodies) => bodies.length > 0)).letters).toEqual([]);
  });

  it('for columns, which no Avro library reads: nothing is searched for', async () => {
    const { letters, probes } = await run(5, (bodies) => bodies.includes(3), true);
    expect({ letters, probes }).toEqual({ letters: [], probes: 0 });
  });
});
