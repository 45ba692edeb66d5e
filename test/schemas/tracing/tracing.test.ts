/** The headers, the queue, and what the environment asks for. */
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';
import { isSampled, parseTraceparent, traceIdOf, traceparentIn, traceparentOf } from '../../../schemas/tracing/context';
import { NO_TRACING, tracingFromEnv } from '../../../schemas/tracing/from-env';
import { MAX_WAITING_SPANS, type SpanOutcome, SpanQueue } from '../../../schemas/tracing/span-queue';
import { spansIn } from '../../bench/support/span-collector';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

test('traceparent goes there and back', () => {
  const context = { traceId: ID, spanId: '00f067aa0ba902b7', sampled: true };
  expect(parseTraceparent(traceparentOf(context))).toEqual(context);
  expect(parseTraceparent(traceparentOf({ ...context, sampled: false }))).toEqual({ ...context, sampled: false });
  expect(parseTraceparent(`cc-${ID}-00f067aa0ba902b7-01-what-comes-later`)).toEqual(context);
});

test.each([
  undefined,
  '',
  'garbage',
  `ff-${ID}-00f067aa0ba902b7-01`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${ID}-${'0'.repeat(16)}-01`,
  `00-${ID.toUpperCase()}-00f067aa0ba902b7-01`,
  `00-${ID}-00f067aa0ba902b7-01${'-x'.repeat(200)}`,
  `00-${ID}-00f067aa0ba902b7-0`,
])('%s is no traceparent', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test('a header that was sent twice counts as none', () => {
  expect(traceparentIn({ traceparent: [Buffer.from('a'), Buffer.from('b')] })).toBeUndefined();
  expect(traceparentIn({ traceparent: Buffer.from('a') })).toBe('a');
  expect(traceparentIn(undefined)).toBeUndefined();
});

test('a share of ids is sampled, none of none, all of all', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => traceIdOf(`agent device ${i}`));
  const of = (perMillion: number): number => ids.filter((id) => isSampled(id, perMillion)).length;
  expect(of(0)).toBe(0);
  expect(of(1_000_000)).toBe(10_000);
  expect(Math.abs(of(100_000) - 1_000)).toBeLessThan(150);
});

describe('the queue', () => {
  const span = {} as ReadableSpan;
  function queue(answer: (done: (result: { code: number }) => void) => void) {
    const counts: Record<SpanOutcome, number> = { exported: 0, dropped: 0, failed: 0 };
    const exporter = {
      export: (_: ReadableSpan[], done: (r: { code: number }) => void) => answer(done),
      shutdown: () => Promise.resolve(),
    };
    return { counts, queue: new SpanQueue(exporter, (outcome, n) => (counts[outcome] += n)) };
  }

  test('a collector that does not answer: what waits is bounded, the rest is dropped and counted', async () => {
    const held: ((result: { code: number }) => void)[] = [];
    const { counts, queue: q } = queue((done) => void held.push(done));
    for (let i = 0; i < 5_000; i++) q.onEnd(span);
    const sending = held.length * 256;
    expect(counts).toEqual({ exported: 0, failed: 0, dropped: 5_000 - MAX_WAITING_SPANS - sending });
    const closed = q.shutdown();
    while (counts.exported < MAX_WAITING_SPANS + sending) {
      held.shift()?.({ code: 0 });
      await new Promise(setImmediate);
    }
    await closed;
    q.onEnd(span);
    expect(counts.dropped).toBe(5_000 - MAX_WAITING_SPANS - sending + 1);
  });

  test('a collector that refuses: counted, and not sent again', async () => {
    let asked = 0;
    const { counts, queue: q } = queue((done) => {
      asked++;
      done({ code: 1 });
    });
    q.onEnd(span);
    await q.forceFlush();
    expect([asked, counts]).toEqual([1, { exported: 0, dropped: 0, failed: 1 }]);
  });
});

describe('from the environment', () => {
  const spansTotal = async (metrics: Registry, outcome: string): Promise<number> => {
    const all = (await metrics.getSingleMetric('millrace_trace_spans_total')?.get())?.values ?? [];
    return all.find((v) => v.labels['outcome'] === outcome)?.value ?? NaN;
  };

  test('nothing is traced unless it is asked for', async () => {
    const metrics = new Registry();
    expect(await tracingFromEnv({ TRACE_PER_MILLION: 'x' }, 'api', metrics)).toBe(NO_TRACING);
    expect(await spansTotal(metrics, 'dropped')).toBe(0);
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, /not be encrypted/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', TRACE_PER_MILLION: '1000001' }, /TRACE_PER_MILLION/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', TRACE_FRAMES_PER_MILLION: '10001' }, /TRACE_FRAMES/],
  ])('%j is refused', async (env, words) => {
    await expect(tracingFromEnv(env, 'api', new Registry())).rejects.toThrow(words);
  });

  test('a collector gets OTLP over HTTP: the service, the span, its parent', async () => {
    const bodies: string[] = [];
    const server = createServer((req, res) => {
      req.setEncoding('utf8').on('data', (part: string) => bodies.push(part));
      req.on('end', () => res.setHeader('content-type', 'application/json').end('{}'));
      if (req.url !== '/v1/traces') bodies.push(`asked for ${req.url}`);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const metrics = new Registry();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { tracer, close } = await tracingFromEnv({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, 'api', metrics);
    tracer.follow(`00-${ID}-00f067aa0ba902b7-01`, 'a step', { kind: 'server' }).end({ error: 'went wrong' });
    await close();
    await new Promise((closed) => server.close(closed).closeAllConnections());
    const { resourceSpans } = JSON.parse(bodies.join('')) as { resourceSpans: unknown[] };
    expect(JSON.stringify(resourceSpans)).toContain('{"key":"service.name","value":{"stringValue":"api"}}');
    const span = { traceId: ID, parentSpanId: '00f067aa0ba902b7', name: 'a step', kind: 2 };
    const told = { ...span, status: { code: 2, message: 'went wrong' } };
    expect(resourceSpans).toMatchObject([{ scopeSpans: [{ spans: [told] }] }]);
    expect(spansIn({ resourceSpans } as Parameters<typeof spansIn>[0])).toMatchObject([
      { traceId: ID, service: 'api', name: 'a step' },
    ]);
    expect(await spansTotal(metrics, 'exported')).toBe(1);
  });
});
