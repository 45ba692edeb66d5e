/** Tokens (JWT) of providers that are trusted, an embedded one among them. */
import { decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { type ClaimNames, principalOfClaims } from '../domain/access';
import { type Authenticator, type Principal } from './authentication';
import { ApiError } from './problem';

/** Signatures that are made with a private key: what is checked with a shared secret, or not at all, is refused. */
export const ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];

/** Most that clocks may differ, seconds. */
export const MAX_CLOCK_SKEW_S = 300;

export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly claims: ClaimNames;
  /** Finds the key that a token names. */
  readonly keys: JWTVerifyGetKey;
}

export interface TokenOptions {
  readonly issuers: readonly TrustedIssuer[];
  readonly clockSkew_s: number;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
}

const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

export class Tokens implements Authenticator {
  constructor(private readonly options: TokenOptions) {}

  async authenticate(credential: string): Promise<Principal | undefined> {
    if (!FORM.test(credential)) return undefined;
    const trusted = this.options.issuers.find((i) => i.issuer === issuerOf(credential));
    if (!trusted) return undefined;
    const found = principalOfClaims(await this.claims(credential, trusted), trusted.claims);
    if (typeof found === 'string') throw new ApiError('unauthorized', `the token is not accepted: ${found}`);
    return found;
  }

  private async claims(
    credential: string,
    { issuer, audience, keys }: TrustedIssuer,
  ): Promise<Record<string, unknown>> {
    try {
      const { payload } = await jwtVerify(credential, keys, {
        ...{ issuer, audience, algorithms: [...ALGORITHMS], requiredClaims: ['sub', 'exp'] },
        ...{ clockTolerance: this.options.clockSkew_s, currentDate: new Date(this.options.now()) },
      });
      return payload;
    } catch (cause) {
      if (isBad(cause))
        throw new ApiError('unauthorized', `the token is not accepted: ${cause.message}`, {}, { cause });
      throw new ApiError(
        'unavailable',
        `the keys of ${issuer} cannot be had: ${(cause as Error).message}`,
        {},
        { cause },
      );
    }
  }
}

function issuerOf(credential: string): string | undefined {
  try {
    return decodeJwt(credential).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** The token's fault, not the provider's or the network's. */
function isBad(error: unknown): error is errors.JOSEError {
  const provider = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  return error instanceof errors.JOSEError && !provider && error.code !== 'ERR_JOSE_GENERIC';
}
