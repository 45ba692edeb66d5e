/** Gets certificates for a key that never leaves this machine: the first by a claim code, the next by the present one. */
import { createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { SignJWT } from 'jose';
import { type IdentityFacts, type IdentityFiles } from './identity';

export type IdentityErrorCode = 'unreachable' | 'refused' | 'not-enrolled';

export class IdentityError extends Error {
  constructor(
    readonly code: IdentityErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'IdentityError';
  }
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const REQUEST_TIMEOUT_MS = 20_000;
const PROOF_S = 60;

/** A device that an agent brings with its claim code: to be registered as the agent's, and to be active. */
export interface Adoption {
  readonly device_id: string;
  readonly agent_id: string;
  readonly model: string;
}

interface Issued {
  readonly tenant: string;
  readonly kind: string;
  readonly id: string;
  readonly certificate: string;
  readonly ca: string;
  readonly expires_at: string;
}

/** Asked again after a lost answer, with the same code, it ends as if the answer had come. */
export async function enroll(
  files: IdentityFiles,
  api: string,
  claim: string,
  now: number,
  adopt?: Adoption,
): Promise<IdentityFacts> {
  return certified(files, 'enroll', api, claim, now, adopt && { adopt });
}

/** Throws IdentityError `not-enrolled` when there is nothing to renew. */
export async function renew(files: IdentityFiles, now: number): Promise<IdentityFacts> {
  const facts = await files.load();
  if (!facts)
    throw new IdentityError('not-enrolled', 'renew', 'there is no identity here', 'enroll with a claim code first');
  return certified(files, 'renew', facts.api, await proofOf(await files.keyAndCertificate(), now), now);
}

async function certified(
  files: IdentityFiles,
  operation: 'enroll' | 'renew',
  api: string,
  credential: string,
  now: number,
  more: object = {},
): Promise<IdentityFacts> {
  const key = await files.pendingKey(newKey);
  const issued = await post(operation, `${api.replace(/\/$/, '')}/api/v1/identities/${operation}`, credential, {
    csr: await requestFor(key),
    ...more,
  });
  const { tenant, kind, id, certificate, ca } = issued;
  const facts = { tenant, kind, id, api, issued_at: now, expires_at: Date.parse(issued.expires_at) };
  await files.save(facts, key, certificate, ca);
  return facts;
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** PKCS #10, PEM. Signed with the key, which proves that whoever asks has it. */
async function requestFor(pem: string): Promise<string> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  const { d: _, ...open } = jwk;
  const keys = {
    privateKey: await webcrypto.subtle.importKey('jwk', jwk, ECDSA, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', open, ECDSA, true, ['verify']),
  };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ECDSA });
  return request.toString('pem');
}

/** A token that shows the certificate and the possession of its key, good for a minute. */
export function proofOf(pem: string, now: number): Promise<string> {
  const der = new X509Certificate(pem).raw.toString('base64');
  const now_s = Math.floor(now / 1_000);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', typ: 'millrace-certificate+jwt', x5c: [der] })
    .setAudience('urn:millrace:api')
    .setIssuedAt(now_s)
    .setExpirationTime(now_s + PROOF_S)
    .sign(createPrivateKey(pem));
}

async function post(operation: string, url: string, credential: string, body: object): Promise<Issued> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    text = await answer.text();
  } catch (cause) {
    const hint = 'is the address right, and the API up?';
    throw new IdentityError('unreachable', operation, `${url} does not answer`, hint, { cause });
  }
  if (answer.ok) return JSON.parse(text) as Issued;
  const { detail } = (text.startsWith('{') ? JSON.parse(text) : {}) as { detail?: string };
  const hint = 'an admin makes a new code: millrace identity claim';
  const later = answer.status >= 500 || answer.status === 429;
  throw new IdentityError(later ? 'unreachable' : 'refused', operation, detail ?? `HTTP ${answer.status}`, hint);
}
