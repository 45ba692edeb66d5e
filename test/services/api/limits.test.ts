import { Buckets } from '../../../services/api/rate-limit';
import { Recent } from '../../../services/api/recent';
import { KEPT_MS, MAX_KEPT, MAX_KEPT_CHARS, Repeats, type Run } from '../../../services/api/repeats';
import { deviceState, type Harness, NO_HISTORY, startApi, TOKEN } from './harness';

let api: Harness;
afterEach(() => api.close());

describe('rate limit', () => {
  test('a burst, then steadily; who asks too often is told when to come back', async () => {
    let now = 0;
    api = await startApi({ rateLimit: { per_second: 2, burst: 3 }, now: () => now });
    const ask = () => api.call('GET', '/api/v1/devices');
    const answers = [await ask(), await ask(), await ask(), await ask()];
    expect(answers.map((a) => [a.status, a.headers.get('ratelimit-remaining')])).toEqual([
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
    expect([answers[3]?.body['code'], answers[3]?.headers.get('retry-after')]).toEqual(['too-many-requests', '1']);
    now += 500;
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
  });

  test('one principal does not spend what is another’s, and a clock set back gives nothing away', async () => {
    api = await startApi();
    const buckets = new Buckets({ per_second: 10, burst: 1 });
    expect(buckets.take('a', 1_000)).toEqual({ left: 0 });
    expect(buckets.take('a', 0)).toEqual({ retry_after_ms: 100 });
    expect(buckets.take('b', 0)).toEqual({ left: 0 });
  });
});

test('only the fields that were asked for', async () => {
  api = await startApi();
  api.deps.directory.apply(deviceState('d1'));
  const list = await api.call('GET', '/api/v1/devices?fields=device_id,state');
  expect(list.body['items']).toEqual([{ device_id: 'd1', state: 'active' }]);
  expect((await api.call('GET', '/api/v1/devices/d1?fields=version')).body).toEqual({ version: 1 });
  expect((await api.call('GET', '/api/v1/devices?fields=secret')).status).toBe(400);
});

test('readings leave as lines, as many as there are', async () => {
  const asked: unknown[] = [];
  const exportReadings = async function* (query: unknown) {
    asked.push(query);
    for (let n = 0; n < 3; n++) yield await Promise.resolve(`${JSON.stringify({ n })}\n`.repeat(2));
  };
  api = await startApi({ history: { ...NO_HISTORY, exportReadings } });
  api.deps.directory.apply(deviceState('d1'));
  const answer = await fetch(`${api.url}/api/v1/devices/d1/readings/export?metric=t&window=1m`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  expect(await answer.text()).toBe('{"n":0}\n{"n":0}\n{"n":1}\n{"n":1}\n{"n":2}\n{"n":2}\n');
  expect(asked).toMatchObject([{ device: 'd1', metric: 't', window: '1m' }]);
});

test('the newest are kept in order, the oldest forgotten', async () => {
  api = await startApi();
  const recent = new Recent<{ id: string }>(3);
  for (const id of ['a', 'b', 'c', 'd']) recent.add({ id });
  expect(recent.placeOf('a')).toBeUndefined();
  expect([...recent.after(recent.placeOf('b') ?? -1)].map((e) => e.id)).toEqual(['c', 'd']);
  recent.add({ id: 'c' });
  expect([...recent.after(recent.placeOf('d') ?? -1)].map((e) => e.id)).toEqual(['c']);
});

describe('answers under an Idempotency-Key', () => {
  const answer = { status: 200, headers: {}, text: '{}' };
  let repeats: Repeats;
  const begun = (id: string, now = 0): Run => {
    const found = repeats.begin(id, 'f', now);
    if (found.kind !== 'first') throw new Error(`${id} is ${found.kind}`);
    return found.run;
  };
  const carriedOut = (id: string, now = 0, text = '{}'): void => begun(id, now).keep({ ...answer, text }, now);
  const found = (id: string, now = 0): string => {
    const one = repeats.begin(id, 'f', now);
    if (one.kind === 'first') one.run.forget();
    return one.kind;
  };
  beforeEach(async () => {
    api = await startApi();
    repeats = new Repeats();
  });

  test('are told for an hour', () => {
    carriedOut('a');
    expect([found('a', KEPT_MS - 1), found('a', KEPT_MS)]).toEqual(['again', 'first']);
    expect(repeats.size).toBe(0);
  });

  test('only so many are kept, and only so much: the oldest go', () => {
    for (let i = 0; i <= MAX_KEPT; i++) carriedOut(`a${i}`);
    expect([repeats.size, found('a0'), found('a1')]).toEqual([MAX_KEPT, 'first', 'again']);
    carriedOut('long', 0, 'x'.repeat(MAX_KEPT_CHARS - 10));
    expect([found('a9995'), found('a9996'), found('long')]).toEqual(['first', 'again', 'again']);
  });

  test('one that comes while the first is under way waits for it, and is carried out when that fails', async () => {
    const first = begun('a');
    expect(repeats.begin('a', 'other', 0).kind).toBe('other');
    const second = repeats.begin('a', 'f', 0);
    first.forget();
    if (second.kind === 'under-way') await second.over;
    begun('a');
    // What is over cannot end another.
    first.forget();
    expect([second.kind, found('a')]).toEqual(['under-way', 'under-way']);
  });

  test('a request that fails, or that nobody waits for any more, is not under way for ever', async () => {
    let fail: (error: Error) => void = () => undefined;
    const startBatch = jest.spyOn(api.deps.workflows, 'startBatch');
    startBatch.mockImplementationOnce(() => new Promise((_, reject) => (fail = reject)));
    const body = { filter: { all: true }, command: { name: 'stop' } };
    const ask = () => api.call('POST', '/api/v1/batches', body, { 'idempotency-key': 'k' });
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'idempotency-key': 'k' };
    const init = { method: 'POST', body: JSON.stringify(body), headers, signal: abort.signal };
    const first = fetch(`${api.url}/api/v1/batches`, init).catch(() => 'gone');
    while (startBatch.mock.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    abort.abort();
    expect(await first).toBe('gone');
    const second = ask();
    fail(new Error('away'));
    expect((await second).status).toBe(202);
    const third = await ask();
    expect([third.status, third.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect(third.headers.get('location')).toBe('/api/v1/batches/k');
    expect(startBatch).toHaveBeenCalledTimes(2);
  });
});
