import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { EmbeddedAuthority, type Order } from '../../../services/api/identity/authority';
import { CommandAuthority, commandSigner, type Signer } from '../../../services/api/identity/command-authority';
import { certification } from '../../../services/api/identity/from-env';
import { IdentityBook } from '../../../services/api/identity/book';
import { NOW } from './harness';

const dir = mkdtempSync(join(tmpdir(), 'millrace-authority-'));
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let elsewhere: EmbeddedAuthority;
let csr: x509.Pkcs10CertificateRequest;
let other: x509.Pkcs10CertificateRequest;

const order: Order = {
  name: { tenant: 'acme', kind: 'agent', id: 'edge-7' },
  ...{ serial: '4a00', issued_at: NOW, expires_at: NOW + 86_400_000 },
};

const requestOf = async (): Promise<x509.Pkcs10CertificateRequest> => {
  const keys = await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  return x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=whoever', keys, signingAlgorithm: ECDSA });
};

beforeAll(async () => {
  elsewhere = await EmbeddedAuthority.fromFile(join(dir, 'elsewhere.pem'), 'TEST', NOW);
  [csr, other] = await Promise.all([requestOf(), requestOf()]);
});
afterAll(() => rmSync(dir, { recursive: true }));

const over = (signer: Signer): CommandAuthority => new CommandAuthority(elsewhere.chain, signer);

test('what it signs as ordered is handed on, and known again', async () => {
  const asked: object[] = [];
  const authority = over((pem, named) => {
    asked.push(named);
    return elsewhere.sign(new x509.Pkcs10CertificateRequest(pem), order);
  });
  const certificate = new X509Certificate(await authority.sign(csr, order));
  expect(certificate.subject).toBe('O=acme\nOU=agent\nCN=edge-7');
  expect(authority.hasSigned(certificate)).toBe(true);
  expect(asked).toEqual([
    {
      ...{ CERTIFICATE_TENANT: 'acme', CERTIFICATE_KIND: 'agent', CERTIFICATE_ID: 'edge-7' },
      ...{ CERTIFICATE_SERIAL: '4a00', CERTIFICATE_NOT_AFTER: new Date(order.expires_at).toISOString() },
    },
  ]);
});

describe('what is not as ordered is refused', () => {
  const signedAs = (change: Partial<Order>) => () => elsewhere.sign(csr, { ...order, ...change });
  const cases: [string, () => Signer][] = [
    ['subject', () => signedAs({ name: { ...order.name, id: 'edge-8' } })],
    ['subject', () => signedAs({ name: { ...order.name, tenant: 'other' } })],
    ['another serial number', () => signedAs({ serial: '4a01' })],
    ['good until', () => signedAs({ expires_at: order.expires_at + 7_200_000 })],
    ['another key', () => () => elsewhere.sign(other, order)],
    ['an authority', () => () => Promise.resolve(elsewhere.chain)],
    ['no certificate', () => () => Promise.resolve('-----BEGIN')],
    ['vault is sealed', () => () => Promise.reject(new Error('vault is sealed'))],
  ];
  test.each(cases)('%s', async (why, signer) => {
    await expect(over(signer()).sign(csr, order)).rejects.toMatchObject({
      ...{ code: 'unavailable', message: expect.stringContaining(why) },
    });
  });

  test('none of the chain has signed it', async () => {
    const stranger = await EmbeddedAuthority.fromFile(join(dir, 'stranger.pem'), 'TEST', NOW);
    const authority = new CommandAuthority(stranger.chain, () => elsewhere.sign(csr, order));
    await expect(authority.sign(csr, order)).rejects.toThrow('none of the chain');
  });
});

describe('a program', () => {
  const node = (script: string): Signer => commandSigner([process.execPath, '-e', script], '/nowhere');

  test('gets the request and the order, and nothing of our environment', async () => {
    const script = `
      const keys = Object.keys(process.env).filter((k) => k !== 'PATH').join();
      let csr = ''; process.stdin.on('data', (d) => (csr += d)).on('end', () => console.log(keys + '|' + csr));`;
    expect(await node(script)('REQUEST', { CERTIFICATE_ID: 'edge-7' })).toBe('CERTIFICATE_ID|REQUEST\n');
  });

  test('that fails is told in its own words', async () => {
    const failing = node('console.error("no such role"); process.exit(3)');
    await expect(failing('x'.repeat(1_000_000), {})).rejects.toThrow('no such role');
    await expect(commandSigner(['/no/such/program'], '')('', {})).rejects.toThrow('no/such/program');
  });
});

test('the environment names it: a chain and a command; one without the other is refused', async () => {
  const chain = join(dir, 'chain.pem');
  writeFileSync(chain, elsewhere.chain);
  const book = new IdentityBook({ append: () => Promise.resolve() });
  const parts = { book, kafka: { admin: jest.fn() }, now: () => NOW, newId: () => 'i', newSecret: () => 's' };
  const command = JSON.stringify(['sign-it', '--role', 'agents']);
  const env = { MILLRACE_CA_COMMAND: command, MILLRACE_CA_CHAIN_FILE: chain, PATH: '/usr/bin' };
  expect((await certification(env, parts)).identities).toBeDefined();
  expect(readFileSync(chain, 'utf8')).toBe(elsewhere.chain);
  for (const wrong of [
    { MILLRACE_CA_CHAIN_FILE: '' },
    { MILLRACE_CA_COMMAND: 'sign-it' },
    { MILLRACE_CA_COMMAND: '[]' },
  ])
    await expect(certification({ ...env, ...wrong }, parts)).rejects.toMatchObject({ code: 'configuration' });
});
