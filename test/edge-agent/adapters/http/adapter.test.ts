/** Posts over sockets, into an agent's side that acknowledges when it is told to. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpAdapter } from '../../../../edge-agent/adapters/http/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freePorts } from '../../../../deploy/local/ports';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';
import { CLAIM_CODE, CLAIMED_MODEL, CLAIMS, platform, WRONG_CODE } from '../claims';

const WITHIN_MS = 30_000;
const TOKEN = 'token-of-d';

let port = 0;
let folder = '';
let adapter: HttpAdapter;
let agent: Observer;

const profile = (limits: string): string => `
agent: { id: a }
connections: [{ name: posts, protocol: http, port: ${port}, http: { max_body_bytes: 2000, ${limits} } }]
${CLAIMED_MODEL}
devices:
  - { id: d, connection: posts, http: { token: ${TOKEN} }, points: [{ metric: t }, { metric: n, type: uint64, http: { value: /c/n } }] }
  - { id: e, connection: posts, http: { token: token-of-e, address: E/1 }, points: [{ metric: t }] }
`;

async function begin(limits = 'rate_per_s: 1000, burst: 1000', { claim } = platform()): Promise<void> {
  adapter = new HttpAdapter(connectionOf(profile(limits)), {
    ...{ clock: systemClock, random: Math.random, sequences: join(folder, 'taken.json'), claim },
  });
  agent = new Observer();
  adapter.start(agent);
  await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
}

beforeEach(async () => {
  [port = 0] = await freePorts(1);
  folder = mkdtempSync(join(tmpdir(), 'millrace-http-'));
  await begin();
});

afterEach(async () => {
  await adapter.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Options {
  readonly token?: string;
  readonly address?: string;
  readonly type?: string;
}

async function post(
  body: unknown,
  { token = TOKEN, address = 'd', type = 'application/json' }: Options = {},
): Promise<[number, unknown]> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/devices/${address}/readings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}

const entry = (seq: number, t: unknown = seq): object => ({ seq, ts: 1_700_000_000_000 + seq, values: { t } });
const values = (): unknown[] => agent.taken.map((s) => s.value);

test('one, many, and a line each; integers exact; what is not in the profile is left out', async () => {
  expect(await post({ seq: 1, ts: 1_700_000_000_000, values: { t: 1.5, c: { n: 1 }, x: 9 } })).toEqual([
    200,
    { taken: 1, again: 0 },
  ]);
  expect(agent.taken).toEqual([
    { device: 'd', metric: 't', at: 1_700_000_000_000, value: 1.5, quality: 0 },
    { device: 'd', metric: 'n', at: 1_700_000_000_000, value: 1n, quality: 0 },
  ]);
  agent.forget();
  expect(await post([entry(2), entry(3)])).toEqual([200, { taken: 2, again: 0 }]);
  const lines = `${JSON.stringify(entry(4))}\n\n{"values":{"c":{"n":18446744073709551615}}}\n`;
  expect(await post(lines, { type: 'application/x-ndjson' })).toEqual([200, { taken: 2, again: 0 }]);
  expect(values()).toEqual([2, 3, 4, 18446744073709551615n]);
  expect(await post(entry(1), { token: 'token-of-e', address: 'E%2F1' })).toEqual([200, { taken: 1, again: 0 }]);
});

test('200 goes out when the readings are durable, and a retry meanwhile waits for the same', async () => {
  agent.acknowledge = false;
  let answered = 0;
  const both = [post(entry(1)), post(entry(1))].map((p) => p.finally(() => answered++));
  await until('taken', () => agent.unacked.length > 0, WITHIN_MS);
  await until('both are there', () => adapter.status().counters['requests'] === 2, WITHIN_MS);
  expect([answered, agent.taken.length]).toEqual([0, 1]);
  for (const ack of agent.unacked.splice(0)) ack();
  const answers = (await Promise.all(both)).map(([status, body]) => [status, (body as { taken: number }).taken]);
  expect(answers.sort()).toEqual([
    [200, 0],
    [200, 1],
  ]);
  expect(agent.taken.length).toBe(1);
});

test('a body that turns out too large is told so, while more of it is on its way', async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const post = request({ port, method: 'POST', path: '/v1/devices/d/readings', headers });
  post.write('x'.repeat(3_000));
  const [answer] = (await once(post, 'response')) as [IncomingMessage];
  expect([answer.statusCode, answer.headers.connection]).toEqual([413, 'close']);
  post.end('x'.repeat(3_000));
  answer.resume();
  await once(answer, 'end');
});

test('numbers that were taken are known after a restart', async () => {
  await post([entry(1), entry(2)]);
  await adapter.close();
  await begin();
  expect(await post([entry(1), entry(2), entry(3)])).toEqual([200, { taken: 1, again: 2 }]);
  expect(values()).toEqual([3]);
});

test('a number below what is remembered is refused, and with it the whole post', async () => {
  await post(entry(10_000));
  const [status] = await post([entry(10_001), entry(1)]);
  expect([status, values()]).toEqual([409, [10_000]]);
});

test.each([
  ['a wrong token', {}, { token: 'nonsense' }, 401],
  ['an unknown device', {}, { address: 'x' }, 401],
  ['another type', {}, { type: 'text/plain' }, 415],
  ['what is no JSON', '{"values"', {}, 400],
  ['an entry without values', [{ seq: 1 }], {}, 400],
  ['a number that is none', [{ seq: -1, values: {} }], {}, 400],
  ['a key that nobody reads', [{ value: {}, values: {} }], {}, 400],
  ['too much', `"${'x'.repeat(3_000)}"`, {}, 413],
] as const)('%s is refused', async (_, body, options, status) => {
  const [found, problem] = await post(body, options);
  expect([found, (problem as { status: number }).status, agent.taken]).toEqual([status, status, []]);
  expect((await post(entry(1)))[0]).toBe(200);
});

test('a value that is none is a bad reading, null a reading of bad quality', async () => {
  await post([entry(1, 'warm'), entry(2, null)]);
  expect(agent.taken.map((s) => [s.value, s.quality])).toEqual([
    [undefined, 69],
    [undefined, 64],
  ]);
});

test('a device that is excluded gets 403, the others go on', async () => {
  adapter.exclude(new Set(['d']));
  expect((await post(entry(1)))[0]).toBe(403);
  expect((await post(entry(1), { token: 'token-of-e', address: 'E%2F1' }))[0]).toBe(200);
});

test('more requests than its rate allows get 429 with a time to wait', async () => {
  await adapter.close();
  await begin('rate_per_s: 0.001, burst: 2');
  const statuses: number[] = [];
  for (let seq = 1; seq <= 3; seq++) statuses.push((await post(entry(seq)))[0]);
  expect([statuses, values()]).toEqual([
    [200, 200, 429],
    [1, 2],
  ]);
});

const claim = async (address: string, code: string): Promise<[number, unknown]> => {
  const url = `http://127.0.0.1:${port}/v1/devices/${address}/claim`;
  const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${code}` } });
  return [answer.status, await answer.json()];
};

test('a stranger with a claim code gets a secret of its own; one without is refused as with a wrong token', async () => {
  await adapter.close();
  const known = platform();
  await begin(CLAIMS, known);
  expect(await claim('fan-9', CLAIM_CODE)).toEqual([201, { token: 'its-own' }]);
  expect(known.asked).toEqual([
    { api: 'http://platform', model: 'fan', connection: 'posts', id: 'fan-9', code: CLAIM_CODE, listed: false },
  ]);
  expect((await claim('fan-9', WRONG_CODE))[0]).toBe(401);
  expect((await claim('fan-9', 'nonsense'))[0]).toBe(401);
  expect((await claim('no%20name', CLAIM_CODE))[0]).toBe(401);
  for (let i = 0; i < 8; i++) await claim('fan-9', WRONG_CODE);
  expect((await claim('fan-9', CLAIM_CODE))[0]).toBe(429);
  expect(adapter.status().counters).toMatchObject({ claimed: 1, claims_refused: 10 });
});

test('without claims in the profile nobody is taken in', async () => {
  expect((await claim('fan-9', CLAIM_CODE))[0]).toBe(401);
  expect(adapter.status().strangers).toEqual(['fan-9']);
});
