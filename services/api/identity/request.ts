/** Certificate signing requests (PKCS #10): read, and the possession of their key proved. */
import { createHash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { ApiError } from '../problem';

export interface SigningRequest {
  readonly csr: x509.Pkcs10CertificateRequest;
  /** SHA-256 of the public key, hexadecimal. */
  readonly publicKey: string;
}

const MIN_RSA_BITS = 2_048;
const CURVES = new Set(['P-256', 'P-384', 'P-521']);

/** Throws ApiError `invalid-request` when it is none, is not signed by its own key, or the key is weak. */
export async function readRequest(pem: string): Promise<SigningRequest> {
  let csr: x509.Pkcs10CertificateRequest;
  let own: boolean;
  try {
    csr = new x509.Pkcs10CertificateRequest(pem);
    own = await csr.verify();
  } catch (cause) {
    throw new ApiError('invalid-request', 'csr is no certificate signing request in PEM', {}, { cause });
  }
  if (!own) throw new ApiError('invalid-request', 'csr is not signed by its own key');
  const weak = weakness(csr.publicKey.algorithm);
  if (weak !== undefined) throw new ApiError('invalid-request', weak);
  return { csr, publicKey: createHash('sha256').update(Buffer.from(csr.publicKey.rawData)).digest('hex') };
}

function weakness(algorithm: { name: string; namedCurve?: string; modulusLength?: number }): string | undefined {
  const { name, namedCurve, modulusLength } = algorithm;
  if (name === 'Ed25519' || (namedCurve !== undefined && CURVES.has(namedCurve))) return undefined;
  if (modulusLength !== undefined && modulusLength >= MIN_RSA_BITS) return undefined;
  return `the key is ${name} ${namedCurve ?? modulusLength ?? ''}: take P-256, P-384, P-521, Ed25519, or RSA of at least ${MIN_RSA_BITS} bits`;
}
