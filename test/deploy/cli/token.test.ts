import { against } from '../support/against';

const key = {
  ...{ key_id: 'f'.repeat(16), name: 'mes', roles: ['viewer', 'operator@acme/north'], status: 'active' },
  ...{ created_at: '2026-01-01T00:00:00.000Z', created_by: 'user:operator', expires_at: '2026-01-31T00:00:00.000Z' },
};

test('create prints the key alone on stdout', async () => {
  const argv = ['token', 'create', 'mes', '--role', 'viewer', '--role', 'operator@acme/north', '--days', '30'];
  const { code, out, err, seen } = await against({ status: 201, body: { ...key, key: 'mk_x_y' } }, ...argv);
  expect([code, out]).toEqual([0, 'mk_x_y\n']);
  expect(err).toMatch(/mes \(viewer, operator@acme\/north\), until 2026-01-31/);
  expect(seen[0]?.body).toEqual({ name: 'mes', roles: ['viewer', 'operator@acme/north'], days: 30 });
});

test('list shows roles and status, revoke names the key', async () => {
  const { out } = await against({ body: { items: [key] } }, 'token', 'list');
  expect(out).toMatch(/ffffffffffffffff\s+mes\s+viewer operator@acme\/north\s+active/);
  const revoked = await against({ body: { ...key, status: 'revoked' } }, 'token', 'revoke', key.key_id);
  expect(revoked.seen[0]?.path).toBe(`/api/v1/api-keys/${key.key_id}/revoke`);
  expect(revoked.err).toMatch(/mes is revoked/);
});

test('issue prints the token; a count that is none is asked for again', async () => {
  const body = { token: 'a.b.c', expires_at: '2026-01-01T08:00:00.000Z' };
  const { out, seen } = await against({ status: 201, body }, 'token', 'issue', 'bob', '--role', 'viewer');
  expect(out).toBe('a.b.c\n');
  expect(seen[0]?.body).toEqual({ subject: 'bob', roles: ['viewer'] });
  const wrong = await against({ body }, 'token', 'issue', 'bob', '--role', 'viewer', '--minutes', 'soon');
  expect([wrong.code, wrong.seen]).toEqual([2, []]);
});
