import { deviceState, type Harness, startApi, TOKEN } from './harness';

let api: Harness;
beforeEach(async () => (api = await startApi()));
afterEach(() => api.close());

async function listen(query: string): Promise<{ next(): Promise<string>; stop(): void }> {
  const abort = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/stream${query}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
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
