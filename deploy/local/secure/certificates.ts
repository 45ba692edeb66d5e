/**
 * Certificates of a local instance that runs with TLS: one authority, the same that certifies agents (the API takes the files
 * as its own), and a certificate for the broker, for the services, and for what answers HTTP, made anew at every start.
 */
import { type KeyObject, createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { type BrokerSecurity } from '../components/kafka';
import { type HttpSecurity } from '../components/spec';
import { type DataDir } from '../data-dir';
import { writeAtomically } from '../supervisor/run-file';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_660;
/** As long as an instance may run without a start. */
const LEAF_DAYS = 365;
const EARLIER_MS = 300_000;
const SERIAL_BYTES = 16;
const OWNER_ONLY = 0o600;
const SERVER_AND_CLIENT = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/** Of the broker and of the services: they may do everything, agents what the API allows them. */
export const PRINCIPALS = { broker: 'User:CN=broker,OU=platform', services: 'User:CN=services,OU=platform' } as const;

export interface LocalSecurity {
  readonly broker: BrokerSecurity;
  /** Of the schema registry and of ClickHouse: a certificate that has no rights at the broker. */
  readonly http: HttpSecurity;
}

interface SecretsOf {
  readonly path: string;
  readonly keys: Pick<DataDir['keys'], 'authority'>;
}

/** Makes what is missing; `now` in ms since 1970, `trusted` a file of authorities that processes trust already. */
export async function localSecurity(dir: SecretsOf, now: number, trusted?: string): Promise<LocalSecurity> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const authority = await authorityOf(dir.keys.authority, now);
  const file = (name: string): string => join(dir.path, 'secrets', `tls-${name}.pem`);
  for (const name of ['broker', 'services', 'http'] as const)
    writeAtomically(file(name), await leaf(authority, name, now), OWNER_ONLY);
  const ca = `${dir.keys.authority}.crt`;
  const authorities = file('authorities');
  const known = trusted && trusted !== authorities ? readFileSync(trusted, 'utf8') : '';
  writeAtomically(authorities, `${readFileSync(ca, 'utf8')}${known}`, OWNER_ONLY);
  return {
    broker: { ca, broker: file('broker'), services: file('services'), ...PRINCIPALS_OF },
    http: { authorities, certificate: file('http') },
  };
}

const PRINCIPALS_OF = { superUsers: Object.values(PRINCIPALS) };

interface Issuer {
  readonly key: webcrypto.CryptoKey;
  readonly certificate: x509.X509Certificate;
}

async function authorityOf(file: string, now: number): Promise<Issuer> {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeAtomically(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, OWNER_ONLY);
  }
  const keys = await keysOf(createPrivateKey(readFileSync(file, 'utf8')));
  const beside = `${file}.crt`;
  if (!existsSync(beside)) writeAtomically(beside, `${(await selfSigned(keys, now)).toString('pem')}\n`, OWNER_ONLY);
  return { key: keys.privateKey, certificate: new x509.X509Certificate(readFileSync(beside, 'utf8')) };
}

async function keysOf(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const { d, ...open } = key.export({ format: 'jwk' });
  const take = (jwk: object, uses: webcrypto.KeyUsage[]) => webcrypto.subtle.importKey('jwk', jwk, ECDSA, true, uses);
  return { privateKey: await take({ ...open, d }, ['sign']), publicKey: await take(open, ['verify']) };
}

function selfSigned(keys: webcrypto.CryptoKeyPair, now: number): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: '01', name: 'CN=Millrace local', keys, signingAlgorithm: ECDSA },
    ...validity(now, AUTHORITY_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
}

/** Key, certificate and authority in one PEM, as the broker takes it; every part of it is on this machine. */
async function leaf({ key, certificate: ca }: Issuer, name: string, now: number): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(SERIAL_BYTES).toString('hex')}`,
    subject: [{ OU: ['platform'] }, { CN: [name] }],
    issuer: ca.subjectName.toJSON(),
    signingKey: key,
    signingAlgorithm: ECDSA,
    publicKey: (await keysOf(privateKey)).publicKey,
    ...validity(now, LEAF_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension(SERVER_AND_CLIENT, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return `${pkcs8}${certificate.toString('pem')}\n${ca.toString('pem')}\n`;
}

const validity = (now: number, days: number) => ({
  notBefore: new Date(now - EARLIER_MS),
  notAfter: new Date(now + days * DAY_MS),
});
