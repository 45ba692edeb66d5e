import { createHash, generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { signManifest } from '../../../schemas/manifest';
import { initialCampaign } from '../../../services/domain/campaign';
import { type Harness, startApi } from './harness';

let api: Harness;
const image = Buffer.from('an image');
const sha256 = createHash('sha256').update(image).digest('hex');
const { privateKey } = generateKeyPairSync('ed25519');
const manifest = signManifest(
  {
    ...{ spec: 1, kind: 'firmware', model: 'boiler', version: '2.0', counter: 1, length: image.length },
    ...{ sha256, expires: '2099-01-01T00:00:00Z' },
  },
  [privateKey],
);

beforeEach(async () => void (api = await startApi()));
afterEach(() => api.close());
const start = (body: object) => api.call('POST', '/api/v1/campaigns', body, { 'idempotency-key': 'k' });

test('a campaign is for devices of the image’s model, whatever the filter says', async () => {
  await api.deps.images.put(sha256, Readable.from(image));
  const answer = await start({
    filter: { model: 'pump', label: ['hall=b'] },
    canaries: { label: ['early=yes'] },
    manifest,
  });
  expect({ status: answer.status, body: answer.body }).toEqual({ status: 202, body: { campaign_id: 'k' } });
  expect(api.started.campaigns).toEqual([
    expect.objectContaining({
      ...{ campaign_id: 'k', version: '2.0', sha256, actor: 'user:operator', failure_percent: 5 },
      filter: { model: 'boiler', labels: [['hall', 'b']] },
      canaries: { model: 'boiler', labels: [['early', 'yes']] },
      manifest: JSON.stringify(manifest),
      roll_back_when_halted: true,
    }),
  ]);
});

test('a cap of bandwidth is time between devices, by the length of the image', async () => {
  await api.deps.images.put(sha256, Readable.from(image));
  expect((await start({ filter: {}, manifest, rate_per_s: 5, bytes_per_s: 4 })).status).toBe(202);
  expect(api.started.campaigns).toMatchObject([{ limits: { rate_per_s: 5, in_flight: 50, pause_ms: 2_000 } }]);
});

test('hours are those of a zone, UTC where none is given', async () => {
  await api.deps.images.put(sha256, Readable.from(image));
  expect((await start({ filter: {}, manifest, window: { from: '22:00', to: '05:00', days: ['fri'] } })).status).toBe(
    202,
  );
  expect(api.started.campaigns).toMatchObject([
    { window: { from: '22:00', to: '05:00', days: ['fri'], time_zone: 'UTC' } },
  ]);
});

test.each<[string, object, RegExp]>([
  ['an image that is not there', { filter: {}, manifest }, /no image/],
  ['no manifest', { filter: {}, manifest: { signed: {} } }, /manifest is not one/],
  ['stages that leave some out', { filter: {}, manifest, stages: [{ percent: 50, soak_ms: 0 }] }, /100 percent/],
  ['hours that never come', { filter: {}, manifest, window: { from: '05:00', to: '05:00' } }, /never open/],
  ['hours that are none', { filter: {}, manifest, window: { from: '25:00', to: '05:00' } }, /pattern/],
  ['neither filter nor an earlier one', { manifest }, /`filter` or `retry_of`/],
])('%s: refused', async (_what, body, why) => {
  const answer = await start(body);
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toMatch(why);
  expect(api.started.campaigns).toEqual([]);
});

test('of the devices that failed in one that is over, and of nothing else', async () => {
  await api.deps.images.put(sha256, Readable.from(image));
  const failures = ['d2', 'd1', 'd2'].map((device_id) => ({ device_id, state: 'failed', detail: '' }));
  const over = { ...initialCampaign, phase: 'done', failures } as const;
  const of = { over, running: { ...over, phase: 'running' }, good: { ...over, failures: [] } } as const;
  Object.assign(api.deps.workflows, { campaign: (_t: string, id: keyof typeof of) => Promise.resolve(of[id]) });
  expect((await start({ retry_of: 'over', manifest })).status).toBe(202);
  expect(api.started.campaigns).toMatchObject([{ only: ['d2', 'd1'], filter: { model: 'boiler' } }]);
  const refusals = { running: 409, good: 400, none: 404 };
  for (const [id, status] of Object.entries(refusals))
    expect([id, (await api.call('POST', '/api/v1/campaigns', { retry_of: id, manifest })).status]).toEqual([
      id,
      status,
    ]);
  const both = { retry_of: 'over', filter: {}, manifest };
  expect((await api.call('POST', '/api/v1/campaigns', both)).status).toBe(400);
});

test('is shown, and takes orders', async () => {
  expect((await api.call('GET', '/api/v1/campaigns/k1')).body).toMatchObject({ campaign_id: 'k1', phase: 'running' });
  expect((await api.call('GET', '/api/v1/campaigns/other')).status).toBe(404);
  expect((await api.call('POST', '/api/v1/campaigns/k1/roll-back', { reason: 'smoke' })).status).toBe(202);
  expect(api.started.orders).toEqual([
    ['default', 'k1', { order: 'roll-back', actor: 'user:operator', reason: 'smoke' }],
  ]);
  expect((await api.call('POST', '/api/v1/campaigns/k1/dance')).status).toBe(400);
});
