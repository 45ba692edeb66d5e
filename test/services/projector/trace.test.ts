/** The last step of a reading's trace: its frame is in the tables. */
import { TRACE_HEADER } from '../../../schemas/tracing/context';
import { Memory } from '../../../services/domain/ingest/memory';
import { Batch, MAX_TRACED } from '../../../services/projector/batch';
import { Gate } from '../../../services/projector/gate';
import { Inserter } from '../../../services/projector/inserter';
import { Patience } from '../../../services/projector/patience';
import { type LogMessage } from '../../../services/projector/ports';
import { PROJECTIONS } from '../../../services/projector/projections';
import { collector } from '../../tracing/collector';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const T0 = Date.UTC(2026, 0, 1);

const message = (offset: number, parent?: string): LogMessage => ({
  ...{ offset, timestamp: T0, key: null, value: Buffer.from([0, 0, 0, 0, 1, 2]) },
  headers: parent === undefined ? {} : { [TRACE_HEADER]: Buffer.from(parent) },
});

function batchOf(messages: readonly LogMessage[]): Batch {
  const batch = new Batch(0, true, T0, 'frames');
  for (const m of messages) batch.add(m, { kind: 'good', schemaId: 1, rows: 1, windows: 1 });
  return batch;
}

test('a frame that belongs to a trace is told of when it is in, from its time on the stream', async () => {
  const traces = await collector();
  const nothing = (): Promise<never> => Promise.reject(new Error('not asked for'));
  const done = (): Promise<void> => Promise.resolve();
  const clock = { now: () => T0 + 700, sleep: done };
  const { signal } = new AbortController();
  const inserter = new Inserter(
    PROJECTIONS[0]!,
    0,
    { signal, committed: nothing, commit: done },
    {
      ...{ clock, gate: new Gate(), memory: new Memory(1), tracer: traces.tracer, deadLetters: { send: done } },
      log: { watermarks: nothing, open: () => fail(), crowded: () => false },
      writers: { known: () => ({ walker: () => true, header: Buffer.from('header') }), learn: nothing },
      sink: { insert: done, record: done, probe: nothing, ledgerHead: nothing, insertsSince: nothing },
    },
    new Patience(clock, signal, { waiting: () => undefined, working: () => undefined }),
    { inserted: () => undefined } as never,
  );
  await inserter.project(batchOf([message(0), message(1, PARENT), message(2, 'no such thing')]));
  const spans = await traces.spans();
  expect(spans.map((s) => [s.name, s.spanContext().traceId])).toEqual([['project', TRACE]]);
  expect(spans[0]!.startTime[0]).toBe(T0 / 1_000);
});

const fail = (): never => {
  throw new Error('not asked for');
};

test('of one batch so many are told of and no more', () => {
  const all = Array.from({ length: MAX_TRACED + 50 }, (_, i) => message(i, PARENT));
  expect(batchOf(all).traced).toHaveLength(MAX_TRACED);
});
