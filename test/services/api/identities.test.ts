/** Claim → certificate → renewal → revocation, with the agent's own code as the client. */
import { X509Certificate } from 'node:crypto';
import { Agent, request, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enroll, IdentityError, proofOf, renew } from '../../../edge-agent/io/identity/certify';
import { IdentityFiles, renewAt } from '../../../edge-agent/io/identity/identity';
import { IdentityKeeper } from '../../../edge-agent/io/identity/keeper';
import { localSecurity } from '../../../deploy/local/secure/certificates';
import { createApp } from '../../../services/api/app';
import { EmbeddedAuthority } from '../../../services/api/identity/authority';
import { IdentityBook } from '../../../services/api/identity/book';
import { CertificateHolders, CertificateProofs, ClaimCodes } from '../../../services/api/identity/holders';
import { mutualTlsOf, mutualTlsServer, PeerCertificates } from '../../../services/api/identity/listener';
import { Identities } from '../../../services/api/identity/identities';
import { type Name } from '../../../services/domain/identity';
import { type IdentityEvent } from '../../../schemas/generated';
import { Claims } from '../../../edge-agent/io/claims';
import { deviceState, type Harness, NOW, startApi } from './harness';

const HOUR = 3_600_000;
const dir = mkdtempSync(join(tmpdir(), 'millrace-identities-'));
const log: IdentityEvent[] = [];
const broker: [string, Name][] = [];
let now = NOW;
let api: Harness;
let book: IdentityBook;
let brokerFails = false;
let folder = 0;

const at = async (what: string, name: Name): Promise<void> => {
  if (brokerFails) throw new Error('away');
  broker.push([what, name]);
};

beforeAll(async () => {
  const authority = await EmbeddedAuthority.fromFile(join(dir, 'ca.pem'), 'MILLRACE_CA_KEY_FILE', NOW);
  book = new IdentityBook({
    append: async (event) => {
      log.push(event);
      // As the broker does: the event comes back later, in the order in which it was taken.
      setTimeout(() => book.apply(event), 5);
    },
  });
  let id = 0;
  const clock = () => now;
  const identities = new Identities({
    ...{ book, authority, now: clock, certificate_ms: 24 * HOUR },
    broker: { allow: (name) => at('allow', name), deny: (name) => at('deny', name) },
    newId: () => `event-${++id}`,
    newSecret: () => String(++id).padStart(43, 's'),
  });
  const holders = [new ClaimCodes(book, clock), new CertificateProofs(authority, book, clock)];
  const peers = new PeerCertificates(new CertificateHolders(authority, book, clock));
  api = await startApi({ identities, holders, peers });
});

afterAll(async () => {
  await api.close();
  rmSync(dir, { recursive: true });
});

beforeEach(() => {
  now = NOW;
  brokerFails = false;
  broker.length = 0;
});

const claim = async (id: string, kind = 'agent') => {
  const { body, status } = await api.call('POST', `/api/v1/identities/${kind}/${id}/claim`, {});
  expect(status).toBe(201);
  return String(body['claim']);
};
const files = () => new IdentityFiles(join(dir, `agent-${++folder}`));
const revoke = (id: string) => api.call('POST', `/api/v1/identities/agent/${id}/revoke`, { reason: 'stolen' });
const self = async (f: IdentityFiles) =>
  api.call('GET', '/api/v1/self', undefined, {
    authorization: `Bearer ${await proofOf(readFileSync(f.pem, 'utf8'), now)}`,
  });

test('a claim code is exchanged for a short-lived certificate of exactly what was claimed', async () => {
  const f = files();
  const code = await claim('edge-1');
  const facts = await enroll(f, api.url, code, now);
  expect(facts).toMatchObject({ tenant: 'default', kind: 'agent', id: 'edge-1', expires_at: NOW + 24 * HOUR });
  const certificate = new X509Certificate(readFileSync(f.pem));
  expect(certificate.subject).toBe('O=default\nOU=agent\nCN=edge-1');
  expect(certificate.verify(new X509Certificate(readFileSync(f.ca)).publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(statSync(f.pem).mode & 0o777).toBe(0o600);
  expect(broker).toEqual([['allow', expect.objectContaining({ id: 'edge-1' })]]);
  expect((await self(f)).body).toMatchObject({ actor: 'machine:agent/edge-1', roles: [] });
  expect(api.audit.at(-1)).toMatchObject({ action: 'identity.enroll', outcome: 'allowed', granted_by: 'claim' });
  expect(JSON.stringify([log, api.audit])).not.toContain(code.slice(20));
});

test('a code is good once, and again only for the same key', async () => {
  const code = await claim('edge-2');
  const [one, two] = await Promise.allSettled([
    enroll(files(), api.url, code, now),
    enroll(files(), api.url, code, now),
  ]);
  expect([one, two].map((r) => r?.status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(enroll(files(), api.url, code, now)).rejects.toThrow(/used up/);
});

test('an answer that got lost is asked for again with the same key', async () => {
  const code = await claim('edge-3');
  const f = files();
  brokerFails = true;
  await expect(enroll(f, api.url, code, now)).rejects.toThrow(/broker did not take it/);
  brokerFails = false;
  const events = log.length;
  await enroll(f, api.url, code, now);
  expect(log.length).toBe(events);
  expect(broker.map(([what]) => what)).toEqual(['allow']);
});

test('a code that is late, made up or replaced by a newer one is refused', async () => {
  const older = await claim('edge-4');
  const code = await claim('edge-4');
  await expect(enroll(files(), api.url, older, now)).rejects.toThrow(/no such claim/);
  await expect(enroll(files(), api.url, `${code.slice(0, -1)}x`, now)).rejects.toThrow(/no such claim/);
  now += HOUR;
  await expect(enroll(files(), api.url, code, now)).rejects.toThrow(/expired/);
});

describe('renewal', () => {
  test('happens with a third of the time left, without a restart, and with a new key', async () => {
    const f = files();
    const facts = await enroll(f, api.url, await claim('edge-5'), now);
    const before = readFileSync(f.pem, 'utf8');
    const renewed: number[] = [];
    const failures: unknown[] = [];
    const keeper = new IdentityKeeper({
      ...{ files: f, now: () => now },
      onRenewed: (expires_at) => renewed.push(expires_at),
      onFailed: (error) => failures.push(error),
    });
    now = renewAt(facts) - 1;
    await keeper.look();
    expect(readFileSync(f.pem, 'utf8')).toBe(before);
    now += 1;
    await keeper.look();
    expect([renewed, failures]).toEqual([[now + 24 * HOUR], []]);
    const after = new X509Certificate(readFileSync(f.pem));
    expect(after.publicKey.equals(new X509Certificate(before).publicKey)).toBe(false);
    expect((await self(f)).status).toBe(200);
  });

  test('of a copied key: the second of the two is refused, and told what that means', async () => {
    const f = files();
    await enroll(f, api.url, await claim('edge-6'), now);
    const copy = files();
    cpSync(f.directory, copy.directory, { recursive: true });
    await renew(f, now);
    await expect(renew(copy, now)).rejects.toThrow(/is there a copy/);
    now += 300_000;
    expect((await self(f)).status).toBe(200);
  });

  test('is not possible after the time of the certificate, nor where nobody was enrolled', async () => {
    const f = files();
    await enroll(f, api.url, await claim('edge-7'), now);
    now += 24 * HOUR;
    await expect(renew(f, now)).rejects.toThrow(/expired/);
    await expect(renew(files(), now)).rejects.toThrow(IdentityError);
  });
});

test('a revoked certificate is refused at once, at the API and at the broker; a new claim admits it again', async () => {
  const f = files();
  await enroll(f, api.url, await claim('edge-8'), now);
  const revoked = await revoke('edge-8');
  expect(revoked.body).toMatchObject({ status: 'revoked' });
  expect(broker.map(([what]) => what)).toEqual(['allow', 'deny']);
  const answer = await self(f);
  expect([answer.status, answer.body['detail']]).toEqual([401, expect.stringMatching(/revoked/)]);
  await expect(renew(f, now)).rejects.toThrow(/revoked/);
  const again = files();
  await enroll(again, api.url, await claim('edge-8'), now);
  expect([(await self(again)).status, (await self(f)).status]).toEqual([200, 401]);
});

test('a broker that is away is said so; asked again, the revocation reaches it', async () => {
  await enroll(files(), api.url, await claim('edge-9'), now);
  brokerFails = true;
  expect((await revoke('edge-9')).status).toBe(503);
  brokerFails = false;
  expect((await revoke('edge-9')).status).toBe(200);
  expect(broker.map(([what]) => what)).toEqual(['allow', 'deny']);
});

describe('a proof', () => {
  const bearer = async (token: string) =>
    (await api.call('GET', '/api/v1/self', undefined, { authorization: `Bearer ${token}` })).status;

  test('of another installation’s authority, too old, or of another key, is refused', async () => {
    const f = files();
    await enroll(f, api.url, await claim('edge-10'), now);
    const pem = readFileSync(f.pem, 'utf8');
    expect(await bearer(await proofOf(pem, now - 200_000))).toBe(401);
    const other = files();
    await enroll(other, api.url, await claim('edge-11'), now);
    const [key = ''] = /-----BEGIN PRIVATE KEY[\s\S]+END PRIVATE KEY-----/.exec(readFileSync(other.pem, 'utf8')) ?? [];
    const [certificate = ''] = /-----BEGIN CERTIFICATE[\s\S]+/.exec(pem) ?? [];
    expect(await bearer(await proofOf(`${key}\n${certificate}`, now))).toBe(401);
    const foreign = await EmbeddedAuthority.fromFile(join(dir, 'other-ca.pem'), 'X', NOW);
    expect(foreign.hasSigned(new X509Certificate(pem))).toBe(false);
  });

  test('opens nothing but what its holder is certified for', async () => {
    const f = files();
    await enroll(f, api.url, await claim('edge-12'), now);
    const authorization = `Bearer ${await proofOf(readFileSync(f.pem, 'utf8'), now)}`;
    for (const [method, path] of [
      ['GET', '/api/v1/devices'],
      ['GET', '/api/v1/identities'],
      ['POST', '/api/v1/identities/agent/edge-1/revoke'],
      ['POST', '/api/v1/identities/enroll'],
    ] as const)
      expect(
        (
          await api.call(
            method,
            path,
            method === 'POST' ? { ...(path.endsWith('enroll') && { csr: 'x' }) } : undefined,
            { authorization },
          )
        ).status,
      ).toBe(403);
  });
});

test.each([
  ['no request at all', 'csr', /no certificate signing request/],
  ['one whose signature is not of its key', 'tampered', /not signed by its own key|no certificate signing request/],
])('%s is refused', async (_, what, why) => {
  const f = files();
  const code = await claim('edge-13');
  const seen: string[] = [];
  const real = globalThis.fetch;
  const spy = jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    const { csr } = JSON.parse(String(init?.body)) as { csr: string };
    seen.push(csr);
    const der = Buffer.from(csr.replace(/-----[^-]+-----/g, ''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const bad = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    return real(url, { ...init, body: JSON.stringify({ csr: what === 'tampered' ? bad : what }) });
  });
  await expect(enroll(f, api.url, code, now)).rejects.toThrow(why);
  spy.mockRestore();
  expect(seen).toHaveLength(1);
});

test('the key of the authority is for its owner alone, and another tenant’s identity does not exist', async () => {
  expect(statSync(join(dir, 'ca.pem')).mode & 0o777).toBe(0o600);
  expect((await api.call('POST', '/api/v1/identities/agent/nobody/revoke', {})).status).toBe(404);
  expect((await api.call('POST', '/api/v1/identities/agent/a.b/claim', {})).status).toBe(400);
});

describe('a device that an agent brings with its claim code', () => {
  const adopted: string[] = [];
  const claimsOf = (agent: string, directory = join(dir, `claims-${++folder}`)): Claims =>
    new Claims({
      ...{ directory, agentId: () => agent, now: () => now, newSecret: () => `secret-${++folder}` },
      adopt: async () => void adopted.push(agent),
    });
  const order = (id: string, code: string) => ({
    connection: 'posts',
    api: api.url,
    model: 'fan',
    id,
    code,
    listed: false,
  });
  const deviceOf = async (id: string) => (await api.call('GET', `/api/v1/devices/${id}`)).body;

  test('is registered as the agent’s, active, and has a secret that it is told again for a while', async () => {
    const directory = join(dir, `claims-${++folder}`);
    const claims = claimsOf('edge-20', directory);
    const code = await claim('fan-20', 'device');
    const first = await claims.take(order('fan-20', code));
    expect(first).toEqual({ kind: 'granted', token: expect.stringMatching(/^secret-/) });
    expect(await deviceOf('fan-20')).toMatchObject({ state: 'active', agent_id: 'edge-20', model: 'fan' });
    expect(adopted).toEqual(['edge-20']);
    expect(await claimsOf('edge-20', directory).take(order('fan-20', code))).toEqual(first);
    now += 600_000;
    expect(await claims.take(order('fan-20', code))).toMatchObject({ kind: 'refused' });
  });

  test('is refused with another’s code, a code that is used up, or another agent', async () => {
    const code = await claim('fan-21', 'device');
    expect(await claimsOf('edge-20').take(order('fan-22', code))).toMatchObject({
      ...{ kind: 'refused', why: expect.stringContaining('the claim code is of device fan-21') },
    });
    expect(await claimsOf('edge-20').take(order('fan-21', code))).toMatchObject({ kind: 'granted' });
    expect(await claimsOf('edge-20').take(order('fan-21', code))).toMatchObject({
      ...{ kind: 'refused', why: expect.stringContaining('used up') },
    });
    const again = await claim('fan-21', 'device');
    expect(await claimsOf('edge-21').take(order('fan-21', again))).toMatchObject({
      ...{ kind: 'refused', why: expect.stringContaining('a device of another agent') },
    });
  });

  test('does not come back by a claim once it was suspended, and may try again when the platform is away', async () => {
    const claims = claimsOf('edge-20');
    const first = await claim('fan-23', 'device');
    const away = { ...order('fan-23', first), api: 'http://127.0.0.1:1' };
    expect(await claims.take(away)).toMatchObject({ kind: 'unavailable' });
    expect(await claims.take(order('fan-23', first))).toMatchObject({ kind: 'granted' });
    await api.call('POST', '/api/v1/devices/fan-23/suspend', { reason: 'noise' });
    const code = await claim('fan-23', 'device');
    expect(await claimsOf('edge-20').take(order('fan-23', code))).toMatchObject({
      ...{ kind: 'refused', why: expect.stringContaining('fan-23 is suspended') },
    });
  });
});

describe('the listener with mutual TLS', () => {
  let server: Server;
  let ca: string;
  const connections: Agent[] = [];

  beforeAll(async () => {
    const { broker: security } = await localSecurity(
      { path: dir, keys: { authority: join(dir, 'ca.pem') } },
      Date.now(),
    );
    ca = readFileSync(security.ca, 'utf8');
    server = mutualTlsServer({ certificate: security.services, key: security.services }, ca, createApp(api.deps));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    for (const [id, agent_id] of [
      ['boiler-1', 'edge-20'],
      ['pump-1', 'edge-21'],
    ] as const)
      api.deps.directory.apply(deviceState(id, { agent_id }));
  });
  // Handshakes look at the clock on the wall.
  beforeEach(() => void (now = Date.now()));
  afterAll(() => {
    for (const connection of connections) connection.destroy();
    return new Promise((closed) => server.close(closed));
  });

  const certified = async (id: string, kind?: string): Promise<string> => {
    const f = files();
    await enroll(f, api.url, await claim(id, kind), now);
    return readFileSync(f.pem, 'utf8');
  };
  /** One connection, kept open from call to call. */
  const connect = (pem?: string) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, ...(pem !== undefined && { cert: pem, key: pem }) });
    connections.push(agent);
    return (method: string, path: string, body?: object, headers = {}) =>
      new Promise<{ status: number; body: Record<string, unknown>; port: number }>((resolve, reject) => {
        const { port } = server.address() as AddressInfo;
        const typed = { ...headers, ...(body && { 'content-type': 'application/json' }) };
        const options = { agent, host: '127.0.0.1', port, method, path: `/api/v1${path}`, headers: typed };
        const out = request(options, (res) => {
          let text = '';
          const from = res.socket.localPort ?? 0;
          res.on('data', (piece) => (text += String(piece)));
          res.on('end', () =>
            resolve({
              status: res.statusCode ?? 0,
              port: from,
              body: JSON.parse(text || '{}') as Record<string, unknown>,
            }),
          );
        });
        out.on('error', reject).end(body && JSON.stringify(body));
      });
  };

  test('a device sees itself and says what it has; nothing else is its own, whatever token it sends', async () => {
    const call = connect(await certified('boiler-1', 'device'));
    expect((await call('GET', '/self')).body).toMatchObject({ actor: 'machine:device/boiler-1', roles: [] });
    expect((await call('GET', '/devices/boiler-1')).body).toMatchObject({ device_id: 'boiler-1' });
    const reported = await call('PUT', '/devices/boiler-1/config/reported', { config: {}, config_version: 0 });
    expect(reported.status).toBe(200);
    expect(api.audit.at(-1)).toMatchObject({ actor: 'machine:device/boiler-1', action: 'device.report' });
    const token = { authorization: `Bearer ${api.deps.token ?? ''}` };
    const others = await Promise.all([
      call('GET', '/devices/pump-1', undefined, token),
      call('GET', '/devices', undefined, token),
      call('POST', '/devices/boiler-1/suspend', {}, token),
      call('POST', '/devices/boiler-1/commands', { name: 'x' }, token),
    ]);
    expect(others.map((o) => o.status)).toEqual([404, 403, 404, 404]);
  });

  test('an agent sees the devices behind it', async () => {
    const call = connect(await certified('edge-20'));
    expect((await call('GET', '/devices/boiler-1/config')).status).toBe(200);
    expect((await call('GET', '/devices/pump-1')).status).toBe(404);
  });

  test('revoked, replaced or expired, it is refused on the connection that is open', async () => {
    const call = connect(await certified('edge-22'));
    const before = await call('GET', '/self');
    await revoke('edge-22');
    const after = await call('GET', '/self');
    expect([before.status, after.status, after.port]).toEqual([200, 401, before.port]);
    expect(after.body['detail']).toMatch(/revoked/);
    const late = connect(await certified('edge-23'));
    expect((await late('GET', '/self')).status).toBe(200);
    now += 24 * HOUR;
    expect((await late('GET', '/self')).body['detail']).toMatch(/expired/);
  });

  test('one that was replaced may ask for the new one, and no more', async () => {
    const f = files();
    await enroll(f, api.url, await claim('edge-20'), now);
    const old = connect(readFileSync(f.pem, 'utf8'));
    await renew(f, now);
    const within = await old('GET', '/devices/boiler-1');
    now += 300_000;
    expect([within.status, (await old('GET', '/devices/boiler-1')).status, (await old('GET', '/self')).status]).toEqual(
      [...[200, 404, 200]],
    );
  });

  test('nobody without a certificate, with an expired one or of another authority gets through the handshake', async () => {
    now = Date.now() - 48 * HOUR;
    const expired = await certified('edge-24');
    now = Date.now();
    const { broker: foreign } = await localSecurity(
      { path: dir, keys: { authority: join(dir, 'strange-ca.pem') } },
      Date.now(),
    );
    for (const pem of [undefined, expired, readFileSync(foreign.services, 'utf8')])
      await expect(connect(pem)('GET', '/self')).rejects.toThrow(/alert|socket hang up|ECONNRESET/);
  });

  test('is not opened without an authority, nor without a certificate of its own', () => {
    expect(mutualTlsOf({}, false)).toBeUndefined();
    expect(() => mutualTlsOf({ API_MTLS_PORT: '1' }, false)).toThrow(/no authority/);
    expect(() => mutualTlsOf({ API_MTLS_PORT: '1' }, true)).toThrow(/API_MTLS_CERT_FILE/);
  });
});
