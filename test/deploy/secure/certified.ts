/** A key and its certificate, as an agent would have them after it was enrolled. */
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type EmbeddedAuthority } from '../../../services/api/identity/authority';
import { type Name } from '../../../services/domain/identity';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

export async function certified(authority: EmbeddedAuthority, name: Name): Promise<{ cert: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ECDSA });
  const order = { name, serial: '4711', issued_at: Date.now(), expires_at: Date.now() + HOUR_MS };
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
  return { cert: await authority.sign(csr, order), key };
}
