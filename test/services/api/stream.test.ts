import { MAX_RECENT_EVENTS } from '../../../services/api/recent';
import { deviceState, type Harness, startApi, TOKEN } from './harness';

let api: Harness;
beforeEach(async () => (api = await startApi()));
afterEach(() => api.close());

async function listen(query: string, lastId?: string): Promise<{ next(): Promise<string>; stop(): void }> {
  const abort = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/stream${query}`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...(lastId && { 'last-event-id': lastId }) },
    signal: abort.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<string> => {
    for (;;) {
      const end = text.indexOf('\n\n', text.search(/event:/));
      if (end > 0 && text.includes('event:')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        return event;
      }
      const chunk = await reader?.read();
      if (!chunk || chunk.done) return text;
      text += chunk.value;
    }
  };
  return { next, stop: () => abort.abort() };
}

test('a client gets what it asked for, with coordinates as event ids, and nothing else', async () => {
  const stream = await listen('?device=d1&types=lifecycle,command');
  expect(api.deps.feed.wants('reading')).toBe(false);
  const publish = (type: 'lifecycle' | 'presence', device: string, id: string): void =>
    api.deps.feed.publish(type, 'default', device, id, () => ({ device_id: device }));
  publish('presence', 'd1', 'p:0:1');
  publish('lifecycle', 'd2', 'l:0:1');
  publish('lifecycle', 'd1', 'l:0:2');
  const event = await stream.next();
  expect(event).toMatch(/event:\s*lifecycle/);
  expect(event).toMatch(/id:\s*l:0:2/);
  expect(event).toMatch(/data:\s*\{"device_id":"d1"\}/);
  stream.stop();
});

test('another tenant’s events do not reach the client', async () => {
  const stream = await listen('');
  api.deps.directory.apply(deviceState('d1'));
  api.deps.feed.publish('alarm', 'other', 'd1', 'a:0:1', () => ({ secret: true }));
  api.deps.feed.publish('alarm', 'default', 'd1', 'a:0:2', () => ({ ours: true }));
  expect(await stream.next()).not.toMatch(/secret/);
  stream.stop();
});

test('a client that leaves is forgotten', async () => {
  const stream = await listen('');
  expect(api.deps.feed.size).toBe(1);
  stream.stop();
  for (let i = 0; i < 100 && api.deps.feed.size > 0; i++) await new Promise((r) => setTimeout(r, 10));
  expect(api.deps.feed.size).toBe(0);
});

describe('a client that comes back', () => {
  const publish = (type: 'lifecycle' | 'reading', n: number): void =>
    api.deps.feed.publish(type, 'default', 'd1', `${type}:0:${n}`, () => ({ n }));

  test('gets what it missed, in order, and then what is new', async () => {
    for (const n of [1, 2, 3]) publish('lifecycle', n);
    const stream = await listen('?types=lifecycle', 'lifecycle:0:1');
    publish('lifecycle', 4);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(/id:\s*(\S+)/.exec(await stream.next())?.[1]);
    expect(ids).toEqual(['lifecycle:0:2', 'lifecycle:0:3', 'lifecycle:0:4']);
    stream.stop();
  });

  test('is told of a gap when its last event is not known any more', async () => {
    for (let n = 0; n <= MAX_RECENT_EVENTS; n++) publish('lifecycle', n);
    const stream = await listen('?types=lifecycle', 'lifecycle:0:0');
    const event = await stream.next();
    expect(event).toMatch(/event:\s*gap/);
    expect(event).toMatch(/"after":"lifecycle:0:0"/);
    stream.stop();
  });

  test('is told of a gap when readings were not kept while it was away', async () => {
    publish('lifecycle', 1);
    const stream = await listen('?types=lifecycle,reading', 'lifecycle:0:1');
    expect(await stream.next()).toMatch(/event:\s*gap/);
    expect(api.deps.feed.wants('reading')).toBe(true);
    stream.stop();
    for (let i = 0; i < 100 && api.deps.feed.size > 0; i++) await new Promise((r) => setTimeout(r, 10));
    // It may come back: readings go on being kept for a while, and then there is no gap.
    expect(api.deps.feed.wants('reading')).toBe(true);
    publish('reading', 7);
    publish('reading', 8);
    const again = await listen('?types=reading', 'reading:0:7');
    const event = await again.next();
    expect(event).toMatch(/id:\s*reading:0:8/);
    again.stop();
  });
});
