/** Credentials of machines that are being certified: a claim code, or a token signed with the key of their certificate. */
import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { type Principal, principal } from '../../domain/access';
import { parseClaim, refuseClaim } from '../../domain/identity';
import { type Authenticator } from '../authentication';
import { ApiError } from '../problem';
import { type CertificateAuthority } from './authority';
import { type IdentityBook, nameOf } from './book';

export class ClaimCodes implements Authenticator {
  constructor(
    private readonly book: IdentityBook,
    private readonly now: () => number,
  ) {}

  authenticate(credential: string): Principal | undefined {
    const code = parseClaim(credential);
    if (!code) return undefined;
    const state = this.book.ofClaim(code.id);
    const why = refuseClaim(state, code, this.now());
    if (!state || why !== undefined) throw new ApiError('unauthorized', why ?? 'there is no such claim code');
    const { tenant, kind, id } = state;
    return principal('machine', `${kind}/${id}`, tenant, [], { proof: 'claim', kind, id, of: code.id });
  }
}

/** `typ` of the token: certificate in x5c (RFC 7515 §4.1.6), signed with its key, good for two minutes at most. */
export const PROOF_TYPE = 'millrace-certificate+jwt';
export const PROOF_AUDIENCE = 'urn:millrace:api';
const MAX_AGE_S = 120;
const CLOCK_SKEW_S = 30;

/** Whom a certificate is good for, now: signed by the authority, in its time, and neither revoked nor unknown to the log. */
export class CertificateHolders {
  constructor(
    private readonly authority: Pick<CertificateAuthority, 'hasSigned'>,
    private readonly book: IdentityBook,
    private readonly now: () => number,
  ) {}

  /** Throws ApiError `unauthorized`. Whether the caller has its key is for the caller of this to know. */
  holderOf(certificate: X509Certificate): Principal {
    const now = this.now();
    if (!this.authority.hasSigned(certificate)) throw refused('it is not of this installation’s authority');
    if (now < Date.parse(certificate.validFrom) || now >= Date.parse(certificate.validTo))
      throw refused('it has expired');
    const subject = new Map(certificate.subject.split('\n').map((l) => l.split('=', 2) as [string, string]));
    const name = nameOf({ tenant: subject.get('O') ?? '', kind: subject.get('OU') ?? '', id: subject.get('CN') ?? '' });
    const serial = certificate.serialNumber.toLowerCase();
    const standing = this.book.standing(name, serial, now);
    // Who was answered, and has not heard it, comes again with the replaced one: renewing tells it from a copy.
    if (standing !== 'good' && standing !== 'replaced') throw refused(`it is ${standing}`);
    const replaced = standing === 'replaced' && { replaced: true };
    const holds = { proof: 'certificate', kind: name.kind, id: name.id, of: serial, ...replaced } as const;
    return principal('machine', `${name.kind}/${name.id}`, name.tenant, [], holds);
  }
}

export class CertificateProofs implements Authenticator {
  private readonly holders: CertificateHolders;

  constructor(
    authority: Pick<CertificateAuthority, 'hasSigned'>,
    book: IdentityBook,
    private readonly now: () => number,
  ) {
    this.holders = new CertificateHolders(authority, book, now);
  }

  async authenticate(credential: string): Promise<Principal | undefined> {
    const pem = certificateIn(credential);
    if (pem === undefined) return undefined;
    try {
      return await this.holder(credential, new X509Certificate(pem));
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      throw new ApiError('unauthorized', `the proof is not accepted: ${(cause as Error).message}`, {}, { cause });
    }
  }

  private async holder(credential: string, certificate: X509Certificate): Promise<Principal> {
    const found = this.holders.holderOf(certificate);
    await jwtVerify(credential, certificate.publicKey, {
      ...{ audience: PROOF_AUDIENCE, typ: PROOF_TYPE, requiredClaims: ['iat', 'exp'], maxTokenAge: MAX_AGE_S },
      ...{ clockTolerance: CLOCK_SKEW_S, currentDate: new Date(this.now()) },
    });
    return found;
  }
}

const refused = (why: string): ApiError => new ApiError('unauthorized', `the certificate is refused: ${why}`);

/** PEM of the certificate that a token carries; undefined when the credential is no such token. */
function certificateIn(credential: string): string | undefined {
  try {
    const { typ, x5c } = decodeProtectedHeader(credential);
    if (typ !== PROOF_TYPE || typeof x5c?.[0] !== 'string') return undefined;
    return `-----BEGIN CERTIFICATE-----\n${x5c[0]}\n-----END CERTIFICATE-----\n`;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}
