/**
 * An authority elsewhere: a program of the installation's gets the request signed (a vault, a cluster's issuer, an HSM), and what it
 * brings back is held against what was ordered before anybody is given it.
 *
 * The program gets the request in PEM on stdin and the order in its environment (CERTIFICATE_TENANT for O, CERTIFICATE_KIND for OU,
 * CERTIFICATE_ID for CN, CERTIFICATE_SERIAL in hexadecimal, CERTIFICATE_NOT_AFTER in ISO 8601), and prints the certificate in PEM.
 * It may be asked for the same serial number again: an answer that got lost is asked for once more.
 */
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';
import { ApiError } from '../problem';
import { type CertificateAuthority, type Order } from './authority';

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 65_536;
const MAX_TOLD_CHARS = 200;
/** Authorities count whole days from when they sign, which is later when they are asked once more. */
const LATER_MS = 3_600_000;

/** Signs: `csr` in PEM, what is ordered by name; resolves with the certificate in PEM. */
export type Signer = (csr: string, order: Readonly<Record<string, string>>) => Promise<string>;

export class CommandAuthority implements CertificateAuthority {
  private readonly trusted: readonly X509Certificate[];

  /** `chain`: PEM of one certificate or several, any of which may have signed. */
  constructor(
    readonly chain: string,
    private readonly signer: Signer,
  ) {
    this.trusted = [...chain.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
      ([pem]) => new X509Certificate(pem),
    );
  }

  async sign(request: x509.Pkcs10CertificateRequest, order: Order): Promise<string> {
    const pem = await this.signed(request.toString('pem'), order);
    const problem = this.problemOf(pem, request, order);
    if (problem !== undefined) throw unavailable(`it signed something else: ${problem}`, undefined);
    return `${pem.trim()}\n`;
  }

  hasSigned(certificate: X509Certificate): boolean {
    return this.trusted.some((by) => certificate.checkIssued(by) && certificate.verify(by.publicKey));
  }

  private async signed(csr: string, { name, serial, expires_at }: Order): Promise<string> {
    try {
      return await this.signer(csr, {
        ...{ CERTIFICATE_TENANT: name.tenant, CERTIFICATE_KIND: name.kind, CERTIFICATE_ID: name.id },
        ...{ CERTIFICATE_SERIAL: serial, CERTIFICATE_NOT_AFTER: new Date(expires_at).toISOString() },
      });
    } catch (cause) {
      throw unavailable((cause as Error).message.slice(0, MAX_TOLD_CHARS), cause);
    }
  }

  private problemOf(pem: string, request: x509.Pkcs10CertificateRequest, order: Order): string | undefined {
    const certificate = parsed(pem);
    if (!certificate) return 'no certificate in PEM';
    if (!this.hasSigned(certificate)) return 'none of the chain has signed it';
    if (certificate.ca) return 'an authority, which could certify others';
    const { tenant, kind, id } = order.name;
    const subject = new Set(certificate.subject.split('\n'));
    if (![`O=${tenant}`, `OU=${kind}`, `CN=${id}`].every((part) => subject.has(part)) || subject.size !== 3)
      return `subject ${certificate.subject.replaceAll('\n', ', ')}`;
    if (BigInt(`0x${certificate.serialNumber}`) !== BigInt(`0x${order.serial}`)) return 'another serial number';
    if (Date.parse(certificate.validTo) > order.expires_at + LATER_MS) return `good until ${certificate.validTo}`;
    const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
    return digest(key) === digest(Buffer.from(request.publicKey.rawData)) ? undefined : 'another key';
  }
}

/** Runs `command`, a program and its arguments, for each request. It gets PATH and the order, nothing else of ours. */
export function commandSigner(command: readonly string[], path: string): Signer {
  const [program = '', ...rest] = command;
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES };
  return (csr, order) =>
    new Promise((resolve, reject) => {
      const env = { PATH: path, ...order };
      const child = execFile(program, rest, { ...options, env }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${program}: ${stderr.trim() || error.message}`));
        else resolve(stdout);
      });
      // One that ends before it has read is told by its exit.
      child.stdin?.on('error', () => undefined).end(csr);
    });
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function unavailable(why: string, cause: unknown): ApiError {
  return new ApiError('unavailable', `the certificate authority did not certify: ${why}`, {}, { cause });
}
