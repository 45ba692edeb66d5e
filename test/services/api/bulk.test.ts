import { type BulkResult } from '../../../services/api/bulk';
import { Directory } from '../../../services/api/directory';
import { Pseudonyms } from '../../../services/api/pseudonyms';
import { LineSplitter, MAX_LINE_BYTES } from '../../../services/api/lines';
import { deviceState, type Harness, startApi, TOKEN } from './harness';

let api: Harness;
beforeEach(async () => (api = await startApi()));
afterEach(() => api.close());

async function bulk(body: string, query = '', headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.url}/api/v1/devices:bulk${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
  const lines = (await answer.text()).split('\n').flatMap((l) => (l ? [JSON.parse(l) as BulkResult] : []));
  return { status: answer.status, type: answer.headers.get('content-type'), lines };
}

const devices = (n: number, more: object = {}): string =>
  Array.from({ length: n }, (_, i) => `${JSON.stringify({ device_id: `d${i}`, agent_id: 'edge-1', ...more })}\n`).join(
    '',
  );

test('every line has its result, in order, and a sum at the end', async () => {
  const { status, type, lines } = await bulk(devices(1_203));
  expect([status, type]).toEqual([200, 'application/x-ndjson']);
  expect(lines.slice(0, -1).map((l) => [l.line, l.device_id, l.status])).toEqual(
    Array.from({ length: 1_203 }, (_, i) => [i + 1, `d${i}`, 201]),
  );
  expect(lines.at(-1)).toEqual({ done: true, lines: 1_203, accepted: 1_203, unchanged: 0, refused: 0 });
  expect((await api.call('GET', '/api/v1/devices/d1202')).body).toMatchObject({ version: 1, state: 'registered' });
});

test('devices can be brought further than registered', async () => {
  const { lines } = await bulk(devices(3), '?until=active&reason=delivery');
  expect(lines[0]).toMatchObject({ status: 201, state: 'active', version: 3 });
  expect((await api.call('GET', '/api/v1/devices/d2')).body).toMatchObject({ state: 'active', reason: 'delivery' });
});

test('a line that fails says why and stops no other', async () => {
  const bad = ['{"device_id":"ok"}', '{"device_id":', '[]', '{"name":"x"}', '', '{"device_id":"b","nonsense":1}'];
  const { lines } = await bulk(`${bad.join('\n')}\n{"device_id":"ok"}\n{"device_id":"last"}`);
  expect(lines.map((l) => [l.line, l.status, l.code])).toEqual([
    [1, 201, undefined],
    [2, 400, 'invalid-request'],
    [3, 400, 'invalid-request'],
    [4, 400, 'invalid-request'],
    [6, 400, 'invalid-request'],
    [7, 200, undefined],
    [8, 201, undefined],
    [undefined, undefined, undefined],
  ]);
  expect(lines.at(-1)).toMatchObject({ lines: 7, accepted: 2, unchanged: 1, refused: 4 });
});

test('the same upload under the same key is carried out once; under another the ids are taken', async () => {
  const key = { 'idempotency-key': 'delivery-7' };
  await bulk(devices(5), '?until=active', key);
  expect((await bulk(devices(5), '?until=active', key)).lines.at(-1)).toMatchObject({ unchanged: 5, refused: 0 });
  expect((await bulk(devices(5))).lines.map((l) => l.code)).toEqual([
    ...Array<string>(5).fill('already-registered'),
    undefined,
  ]);
});

test('a line may ask for a pseudonym, the same that a single registration gets', async () => {
  const { lines } = await bulk(
    '{"device_id":"alice","pseudonym":true}\n{"device_id":"bob","pseudonym":1}\n{"device_id":"carol"}',
  );
  const { body } = await api.call('POST', '/api/v1/pseudonyms:find', { device_id: 'alice' });
  expect(lines.slice(0, 3).map((l) => [l.device_id, l.status])).toEqual([
    [body['device_id'], 201],
    [undefined, 400],
    ['carol', 201],
  ]);
  await api.close();
  api = await startApi({ pseudonyms: new Pseudonyms(undefined) });
  expect((await bulk('{"device_id":"alice","pseudonym":true}')).lines[0]).toMatchObject({
    status: 409,
    code: 'not-configured',
  });
});

test('silence of the registry is told line by line', async () => {
  await api.close();
  api = await startApi({
    registrar: {
      ...api.deps.registrar,
      askMany: (_, requests) => Promise.resolve(requests.map(() => new Error('the registry has not answered'))),
    },
  });
  const { status, lines } = await bulk(devices(2));
  expect([status, lines[1]]).toEqual([
    200,
    { line: 2, device_id: 'd1', status: 503, code: 'unavailable', detail: 'the registry has not answered' },
  ]);
});

test('what is not NDJSON, or asks for an unknown state, is refused before it is read', async () => {
  expect((await bulk('{}', '', { 'content-type': 'application/json' })).status).toBe(415);
  expect((await bulk('{}', '?until=retired')).status).toBe(400);
  expect((await bulk('{}', '', { authorization: 'Bearer no' })).status).toBe(401);
});

describe('a directory', () => {
  const wanted = [{ device_id: 'a', version: 1 }, { device_id: 'b', version: 2 }, {}];

  test('is waited for until it knows all devices as they were told, and no longer than said', async () => {
    const directory = new Directory();
    let known = false;
    const waiting = directory.knows('default', wanted, 60_000).then(() => (known = true));
    for (const [id, version] of [
      ['b', 1],
      ['b', 2],
    ] as const)
      directory.apply(deviceState(id, { version }));
    await Promise.resolve();
    expect(known).toBe(false);
    directory.apply(deviceState('a'));
    await waiting;
    await directory.knows('default', wanted, 60_000);
    await directory.knows('default', [{ device_id: 'never', version: 1 }], 1);
  });
});

describe('lines', () => {
  const split = (text: string, size: number) => {
    const splitter = new LineSplitter();
    const bytes = Buffer.from(text);
    const lines = [];
    for (let i = 0; i < bytes.length; i += size) lines.push(...splitter.feed(bytes.subarray(i, i + size)));
    return [...lines, ...splitter.end()].map((l) => [l.number, l.text]);
  };

  test.each([1, 2, 3, 100])('in pieces of %d bytes they are the same', (size) => {
    expect(split('a\r\n\nbü\n c ', size)).toEqual([
      [1, 'a'],
      [3, 'bü'],
      [4, 'c'],
    ]);
  });

  test('one that is too long is passed over, and memory with it', () => {
    expect(split(`a\n${'x'.repeat(MAX_LINE_BYTES + 1)}\nb`, 1_000)).toEqual([
      [1, 'a'],
      [2, undefined],
      [3, 'b'],
    ]);
  });
});
