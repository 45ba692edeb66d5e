import { against } from '../support/against';

const webhook = {
  ...{ webhook_id: 'f'.repeat(16), url: 'https://hooks.example.org/in', events: ['alarm', 'command'] },
  ...{ created_at: '2026-01-01T00:00:00.000Z', created_by: 'user:operator' },
};

test('add prints the secret alone on stdout', async () => {
  const argv = ['webhook', 'add', webhook.url, '--on', 'alarm', 'command'];
  const { code, out, err, seen } = await against({ status: 201, body: { ...webhook, secret: 'whsec_x' } }, ...argv);
  expect([code, out]).toEqual([0, 'whsec_x\n']);
  expect(err).toMatch(/posts alarm, command from now on/);
  expect(seen[0]?.body).toEqual({ url: webhook.url, events: ['alarm', 'command'] });
});

test('list shows where events go, remove names one', async () => {
  const { out } = await against({ body: { items: [webhook] } }, 'webhook', 'list');
  expect(out).toMatch(/ffffffffffffffff\s+alarm command\s+https:\/\/hooks\.example\.org\/in/);
  const removed = await against({ body: webhook }, 'webhook', 'remove', webhook.webhook_id);
  expect(removed.seen[0]).toMatchObject({ method: 'DELETE', path: `/api/v1/webhooks/${webhook.webhook_id}` });
});
