/** Webhooks over HTTP, and events that reach a receiver: in this process, the log left out. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Webhook } from '../../../schemas/generated';
import { MAX_WEBHOOKS, RETRY_AFTER_MS, signature } from '../../../services/domain/webhook';
import { Webhooks } from '../../../services/api/webhooks/book';
import { deliver, type DeliveryDeps } from '../../../services/api/webhooks/delivery';
import { isLocal, poster } from '../../../services/api/webhooks/post';
import { type Harness, NOW, startApi } from './harness';

const URL_ = 'https://hooks.example.org/millrace';

describe('routes', () => {
  let api: Harness;
  const written: string[] = [];
  beforeEach(async () => {
    written.length = 0;
    const note = (what: string) => (w: Webhook) => Promise.resolve(void written.push(`${what} ${w.webhook_id}`));
    api = await startApi({ webhooks: new Webhooks({ begin: note('begin'), write: note('write') }) });
  });
  afterEach(() => api.close());

  const make = (body: object = { url: URL_, events: ['alarm'] }, headers = {}) =>
    api.call('POST', '/api/v1/webhooks', body, headers);

  test('its place in the log is marked before it is known; the secret is told once', async () => {
    const { status, body } = await make();
    const id = String(body['webhook_id']);
    expect([status, written]).toEqual([201, [`begin ${id}`, `write ${id}`]]);
    expect(body).toMatchObject({ url: URL_, events: ['alarm'], secret: expect.stringMatching(/^whsec_/) });
    const { body: listed } = await api.call('GET', '/api/v1/webhooks');
    const { secret, ...rest } = body;
    expect(listed['items']).toEqual([rest]);
    expect(secret).toBeDefined();
  });

  test('the same Idempotency-Key does not make another', async () => {
    const key = { 'idempotency-key': 'k' };
    const { status, body } = await make(undefined, key);
    expect([status, (await make(undefined, key)).body]).toEqual([201, body]);
    expect((await make({ url: URL_, events: ['command'] }, key)).body).toMatchObject({ code: 'key-reused' });
    expect(api.deps.webhooks.list('default')).toHaveLength(1);
  });

  test('one that is removed is gone, and a second time not there', async () => {
    const { body } = await make();
    const path = `/api/v1/webhooks/${String(body['webhook_id'])}`;
    expect([(await api.call('DELETE', path)).status, (await api.call('DELETE', path)).status]).toEqual([200, 404]);
    expect((await api.call('GET', '/api/v1/webhooks')).body).toEqual({ items: [] });
  });

  test.each([
    { url: 'ftp://example.org', events: ['alarm'] },
    { url: URL_, events: [] },
    { url: URL_, events: ['reading'] },
  ])('%j is refused', async (body) => {
    expect((await make(body)).status).toBe(400);
  });

  test('a tenant has a bounded number of them', async () => {
    for (let i = 0; i < MAX_WEBHOOKS; i++) expect((await make()).status).toBe(201);
    expect((await make()).status).toBe(409);
  });
});

describe('a receiver', () => {
  let receiver: Server;
  let answers: number[];
  let got: { request: IncomingMessage; body: string }[];
  let webhook: Webhook;
  beforeEach(async () => {
    [answers, got] = [[], []];
    receiver = createServer((request, res) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        got.push({ request, body: Buffer.concat(parts).toString() });
        res.writeHead(answers.shift() ?? 200, { location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
    const { port } = receiver.address() as AddressInfo;
    webhook = {
      ...{ tenant: 'default', webhook_id: 'w', url: `http://127.0.0.1:${port}/in?a=b`, events: ['alarm'] },
      ...{ secret: 'whsec_c2VjcmV0', created_at: NOW, created_by: 'a', removed_at: null, removed_by: null },
    };
  });
  afterEach(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  const event = { id: 'alarms-0-17', type: 'device.alarm', at: NOW, data: { device_id: 'pump-1' } };

  async function brought(wait: (ms: number) => Promise<void>, local = true) {
    const [outcomes, dead, waits]: [string[], string[], number[]] = [[], [], []];
    let at = NOW;
    const deps: DeliveryDeps = {
      post: poster(local),
      now: () => at,
      onOutcome: (o) => outcomes.push(o),
      onDead: (_w, _e, reason) => dead.push(reason),
    };
    await deliver(deps, webhook, event, (ms) => {
      at += ms;
      waits.push(ms);
      return wait(ms);
    });
    return { outcomes, dead, waits };
  }
  const patiently = () => Promise.resolve();

  test('gets what it can check, and the same id every time until it takes it', async () => {
    answers = [503, 302];
    const { outcomes, dead, waits } = await brought(patiently);
    expect([outcomes, dead, waits]).toEqual([['again', 'again', 'delivered'], [], RETRY_AFTER_MS.slice(0, 2)]);
    const times = [0, 1, 6].map((s) => String(NOW_S + s));
    expect(got.map(({ request: { headers } }) => [headers['webhook-id'], headers['webhook-timestamp']])).toEqual(
      times.map((time) => ['alarms-0-17', time]),
    );
    for (const [i, { request, body }] of got.entries()) {
      expect(request.url).toBe('/in?a=b');
      expect(request.headers['webhook-signature']).toBe(signature(webhook.secret, event.id, Number(times[i]), body));
      expect(JSON.parse(body)).toEqual({
        type: 'device.alarm',
        timestamp: new Date(NOW).toISOString(),
        data: { device_id: 'pump-1' },
      });
    }
  });

  test('that never takes it is given up on, with the reason', async () => {
    answers = Array<number>(RETRY_AFTER_MS.length + 1).fill(500);
    const { outcomes, dead } = await brought(patiently);
    expect(outcomes.at(-1)).toBe('dead');
    expect([got.length, dead]).toEqual([RETRY_AFTER_MS.length + 1, ['attempt 7: HTTP 500']]);
  });

  test('that wants no more is not asked again', async () => {
    answers = [410];
    expect(await brought(patiently)).toMatchObject({ outcomes: ['dead'], dead: ['attempt 1: HTTP 410'] });
  });

  test('at an address of this machine gets nothing, by number or by name, unless that is allowed', async () => {
    const { port } = receiver.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0']) {
      webhook = { ...webhook, url: `http://${host}:${port}/` };
      const { dead } = await brought(patiently, false);
      expect(dead).toEqual([expect.stringContaining('address of this machine')]);
    }
    expect(got).toEqual([]);
  });

  test('an event whose delivery is interrupted is neither delivered nor given up', async () => {
    answers = [500];
    await expect(brought(() => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    expect(got).toHaveLength(1);
  });
});

const NOW_S = Math.floor(NOW / 1_000);

test.each([
  ['127.8.9.1', true],
  ['169.254.169.254', true],
  ['::1', true],
  ['fe80::1', true],
  ['::ffff:169.254.169.254', true],
  ['10.0.0.1', false],
  ['192.0.2.7', false],
  ['2001:db8::1', false],
])('%s is local: %s', (address, local) => {
  expect(isLocal(address)).toBe(local);
});
