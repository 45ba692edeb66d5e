/** Which credentials are accepted, and what is on record of those that are not. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, type KeyLike, SignJWT } from 'jose';
import { tokenAccess } from '../../../services/api/access-from-env';
import { ApiError } from '../../../services/api/problem';
import { deviceState, type Harness, NOW, startApi, TOKEN } from './harness';

const ISSUER = 'https://login.example.org';
const AUDIENCE = 'millrace';
const NOW_S = Math.floor(NOW / 1_000);
const dir = mkdtempSync(join(tmpdir(), 'millrace-credentials-'));
let provider: Server;
let asked = 0;
let privateKey: KeyLike;
let stranger: KeyLike;
let api: Harness;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  privateKey = pair.privateKey;
  stranger = (await generateKeyPair('ES256')).privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' };
  provider = createServer((_req, res) => {
    asked++;
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((listening) => provider.listen(0, '127.0.0.1', listening));
  const { port } = provider.address() as AddressInfo;
  const env = {
    ...{ OIDC_ISSUER: ISSUER, OIDC_AUDIENCE: AUDIENCE, OIDC_JWKS_URL: `http://127.0.0.1:${port}/keys` },
    MILLRACE_ISSUER_KEY_FILE: join(dir, 'issuer-key.pem'),
  };
  api = await startApi(await tokenAccess(env, () => NOW));
});

beforeEach(() => (api.audit.length = 0));

afterAll(async () => {
  await api.close();
  provider.closeAllConnections();
  provider.close();
  rmSync(dir, { recursive: true });
});

const CLAIMS = { sub: 'alice', iss: ISSUER, aud: AUDIENCE, exp: NOW_S + 60, tenant: 'default', roles: ['operator'] };

const token = (claims: JWTPayload, key = privateKey, alg = 'ES256'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, kid: 'k1' }).sign(key);

const as = async (credential: string, path = '/api/v1/self', method = 'GET', body?: object) =>
  api.call(method, path, body, { authorization: `Bearer ${credential}` });

describe('a token of a provider', () => {
  test('is who it says, with the roles it lists; the provider is asked for its keys once', async () => {
    for (let i = 0; i < 3; i++)
      expect((await as(await token(CLAIMS))).body).toEqual({
        ...{ actor: 'user:alice', kind: 'user', tenant: 'default', roles: ['operator'] },
      });
    expect(asked).toBe(1);
  });

  test('no role is no right but to know oneself', async () => {
    const nobody = await token({ ...CLAIMS, roles: [] });
    expect((await as(nobody)).status).toBe(200);
    expect((await as(nobody, '/api/v1/devices')).status).toBe(403);
  });

  test.each([
    ['expired longer ago than clocks differ', { exp: NOW_S - 31 }, 401],
    ['expired within what clocks may differ', { exp: NOW_S - 29 }, 200],
    ['not valid yet', { nbf: NOW_S + 31 }, 401],
    ['without an end', { exp: undefined }, 401],
    ['for another audience', { aud: 'other' }, 401],
    ['of an issuer nobody trusts', { iss: 'https://evil.example.org' }, 401],
    ['without a subject', { sub: undefined }, 401],
    ['without a tenant', { tenant: undefined }, 401],
  ])('%s', async (_, change, status) => {
    expect((await as(await token({ ...CLAIMS, ...change } as JWTPayload))).status).toBe(status);
  });

  test('signed by a stranger, with a shared secret, or not at all, is refused', async () => {
    const secret = new TextEncoder().encode('s'.repeat(64)) as unknown as KeyLike;
    const [, payload] = (await token(CLAIMS)).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const bad of [await token(CLAIMS, stranger), await token(CLAIMS, secret, 'HS256'), none])
      expect((await as(bad)).status).toBe(401);
    expect(api.audit).toHaveLength(3);
    expect(api.audit[0]).toMatchObject({
      actor: 'unknown',
      action: 'authenticate',
      outcome: 'refused',
      tenant: 'default',
    });
    expect(JSON.stringify(api.audit)).not.toContain(payload);
  });
});

test('a provider that does not answer is no reason to call its people strangers', async () => {
  const env = { OIDC_ISSUER: ISSUER, OIDC_AUDIENCE: AUDIENCE, OIDC_JWKS_URL: 'http://127.0.0.1:9/keys' };
  const other = await startApi(await tokenAccess(env, () => NOW));
  const answer = await other.call('GET', '/api/v1/self', undefined, { authorization: `Bearer ${await token(CLAIMS)}` });
  expect([answer.status, answer.body['code']]).toEqual([503, 'unavailable']);
  await other.close();
});

describe('the embedded issuer', () => {
  const wish = { subject: 'bob', roles: ['viewer@acme/north'], minutes: 10 };

  test('its key is made at the first start, for its owner alone; one that others may read is refused', async () => {
    const file = join(dir, 'issuer-key.pem');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const loose = join(dir, 'loose.pem');
    writeFileSync(loose, '');
    chmodSync(loose, 0o644);
    await expect(tokenAccess({ MILLRACE_ISSUER_KEY_FILE: loose }, () => NOW)).rejects.toThrow(/can be read by others/);
  });

  test('an admin issues a token; it is good where it says, and is not in the audit log', async () => {
    const issued = await as(TOKEN, '/api/v1/tokens', 'POST', wish);
    expect(issued.status).toBe(201);
    const bob = String(issued.body['token']);
    expect((await as(bob)).body).toMatchObject({ actor: 'user:bob', roles: ['viewer@acme/north'] });
    expect((await as(bob, '/api/v1/tokens', 'POST', wish)).status).toBe(403);
    expect(JSON.stringify(api.audit)).not.toContain(bob.split('.')[2]);
    expect(api.audit.map((e) => [e.actor, e.action, e.outcome])).toEqual([
      ['user:operator', 'token.issue', 'allowed'],
      ['user:bob', 'token.issue', 'refused'],
    ]);
  });

  test('its public key is there for everybody, the private part is not', async () => {
    const answer = await api.call('GET', '/.well-known/jwks.json', undefined, { authorization: '' });
    expect(answer.body['keys']).toEqual([expect.objectContaining({ kty: 'EC', alg: 'ES256', use: 'sig' })]);
    expect(JSON.stringify(answer.body)).not.toMatch(/"d":/);
  });
});

describe('an API key', () => {
  const make = async (body: object) => (await as(TOKEN, '/api/v1/api-keys', 'POST', body)).body;

  test('works with the roles it was given until it is revoked, and its secret is told once', async () => {
    const made = await make({ name: 'mes', roles: ['viewer'] });
    const key = String(made['key']);
    expect((await as(key)).body).toMatchObject({ actor: 'machine:mes', kind: 'machine', roles: ['viewer'] });
    expect((await as(key, '/api/v1/api-keys')).status).toBe(403);
    const listed = await as(TOKEN, '/api/v1/api-keys');
    expect(JSON.stringify(listed.body)).toContain(String(made['key_id']));
    expect(JSON.stringify([listed.body, api.audit])).not.toContain(key.slice(20));
    const revoked = await as(TOKEN, `/api/v1/api-keys/${String(made['key_id'])}/revoke`, 'POST', {});
    expect(revoked.body).toMatchObject({ status: 'revoked', revoked_by: 'user:operator' });
    expect((await as(key)).status).toBe(401);
  });

  test('asked for twice with one Idempotency-Key, there is one', async () => {
    const body = { name: 'twice', roles: ['viewer'] };
    const ask = () => api.call('POST', '/api/v1/api-keys', body, { 'idempotency-key': 'k' });
    const [one, two] = await Promise.all([ask(), ask()]);
    expect([one.status, two.status, two.body]).toEqual([201, 201, one.body]);
    expect(api.deps.keys.list('default').filter((k) => k.name === 'twice')).toHaveLength(1);
  });

  test.each([
    { name: 'x', roles: [] },
    { name: 'x', roles: ['root'] },
    { name: 'x', roles: ['viewer'], days: 400 },
    { name: '' },
  ])('%j is not made', async (body) => expect((await as(TOKEN, '/api/v1/api-keys', 'POST', body)).status).toBe(400));
});

test('what cannot be put on record is not done', async () => {
  const other = await startApi();
  const record = jest.spyOn(other.deps.recorder, 'record');
  record.mockRejectedValue(new ApiError('unavailable', 'no'));
  expect((await other.call('POST', '/api/v1/devices', { device_id: 'd1' })).status).toBe(503);
  expect(other.deps.directory.get('default', 'd1')).toBeUndefined();
  expect((await other.call('GET', '/api/v1/devices')).status).toBe(200);
  await other.close();
});

test('without a token of the installation whoever comes may do everything, but a wrong credential is still wrong', async () => {
  const open = await startApi({ token: undefined });
  const anonymous = await open.call('GET', '/api/v1/self', undefined, { authorization: '' });
  expect(anonymous.body).toMatchObject({ actor: 'user:local', roles: ['admin'] });
  expect((await open.call('GET', '/api/v1/self')).status).toBe(401);
  await open.close();
});

test('a stream and a list show the sites of who asks', async () => {
  api.deps.directory.apply(deviceState('north-1', { path: 'acme/north/a' }));
  api.deps.directory.apply(deviceState('south-1', { path: 'acme/south/a' }));
  const issued = await as(TOKEN, '/api/v1/tokens', 'POST', { subject: 'n', roles: ['viewer@acme/north'] });
  const list = await as(String(issued.body['token']), '/api/v1/devices');
  expect((list.body['items'] as { device_id: string }[]).map((d) => d.device_id)).toEqual(['north-1']);
  const abort = new AbortController();
  const stream = await fetch(`${api.url}/api/v1/stream`, {
    headers: { authorization: `Bearer ${String(issued.body['token'])}` },
    signal: abort.signal,
  });
  for (const id of ['south-1', 'nowhere-1', 'north-1'])
    api.deps.feed.publish('alarm', 'default', id, 'a:0:1', () => ({ device_id: id }));
  const reader = stream.body?.getReader();
  let text = '';
  while (!text.includes('north-1')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(text).not.toMatch(/south-1|nowhere-1/);
  abort.abort();
});
