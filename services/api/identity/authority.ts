/** The certificate authority, and the embedded one for a single machine. Another (a vault, a cluster's issuer) implements CertificateAuthority. */
import { type KeyObject, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as x509 from '@peculiar/x509';
import { type Name } from '../../domain/identity';
import { keyFromFile } from '../issuer';

export interface Order {
  readonly name: Name;
  /** Hexadecimal. */
  readonly serial: string;
  /** ms since 1970-01-01 UTC. */
  readonly issued_at: number;
  readonly expires_at: number;
}

export interface CertificateAuthority {
  /** PEM; what a broker or an agent has to trust. */
  readonly chain: string;
  /** PEM. The request has been checked (readRequest); its subject is not looked at, the name of the order is what is certified. */
  sign(request: x509.Pkcs10CertificateRequest, order: Order): Promise<string>;
  /** Whether this authority has signed it; its time and standing are judged elsewhere. */
  hasSigned(certificate: NodeCertificate): boolean;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const YEARS_MS = 10 * 366 * 86_400_000;
/** Clocks of the field may be behind. */
const EARLIER_MS = 300_000;

export class EmbeddedAuthority implements CertificateAuthority {
  private constructor(
    private readonly key: webcrypto.CryptoKey,
    private readonly certificate: x509.X509Certificate,
    private readonly trusted: NodeCertificate,
  ) {}

  /** The key is made at the first start, with the certificate beside it (`<file>.crt`): brokers are told to trust that. */
  static async fromFile(file: string, variable: string, now: number): Promise<EmbeddedAuthority> {
    x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
    const keys = await keysOf(keyFromFile(file, variable));
    const beside = `${file}.crt`;
    if (!existsSync(beside)) {
      writeFileSync(`${beside}.new`, await selfSigned(keys, now));
      renameSync(`${beside}.new`, beside);
    }
    const pem = readFileSync(beside, 'utf8');
    return new EmbeddedAuthority(keys.privateKey, new x509.X509Certificate(pem), new NodeCertificate(pem));
  }

  get chain(): string {
    return `${this.certificate.toString('pem')}\n`;
  }

  async sign(request: x509.Pkcs10CertificateRequest, { name, serial, issued_at, expires_at }: Order): Promise<string> {
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      subject: [{ O: [name.tenant] }, { OU: [name.kind] }, { CN: [name.id] }],
      issuer: this.certificate.subjectName.toJSON(),
      notBefore: new Date(issued_at - EARLIER_MS),
      notAfter: new Date(expires_at),
      signingKey: this.key,
      signingAlgorithm: ECDSA,
      publicKey: request.publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([CLIENT_AUTHENTICATION], true),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }

  hasSigned(certificate: NodeCertificate): boolean {
    return certificate.checkIssued(this.trusted) && certificate.verify(this.trusted.publicKey);
  }
}

async function keysOf(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const jwk = key.export({ format: 'jwk' });
  const { d: _, ...open } = jwk;
  const take = (k: object, uses: webcrypto.KeyUsage[]) => webcrypto.subtle.importKey('jwk', k, ECDSA, true, uses);
  return { privateKey: await take(jwk, ['sign']), publicKey: await take(open, ['verify']) };
}

async function selfSigned(keys: webcrypto.CryptoKeyPair, now: number): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Millrace agents and devices',
    notBefore: new Date(now - EARLIER_MS),
    notAfter: new Date(now + YEARS_MS),
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
