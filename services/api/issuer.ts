/** An issuer of tokens for one machine, where there is no provider: people get short-lived ones from an admin. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { calculateJwkThumbprint, exportJWK, type JWK, type JWTVerifyGetKey, SignJWT } from 'jose';
import { ConfigurationError } from '../lib/environment';
import { type TrustedIssuer } from './tokens';

const ISSUER = 'urn:millrace:issuer';
const AUDIENCE = 'urn:millrace:api';
const ALGORITHM = 'ES256';
const CLAIMS = { roles: 'roles', tenant: 'tenant' } as const;

export const DEFAULT_TOKEN_MINUTES = 480;
export const MAX_TOKEN_MINUTES = 1_440;

export interface TokenWish {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** ms since 1970-01-01 UTC. */
  readonly now: number;
  readonly minutes: number;
  readonly id: string;
}

export class EmbeddedIssuer {
  private constructor(
    private readonly key: KeyObject,
    readonly jwk: JWK & { readonly kid: string },
  ) {}

  static async over(key: KeyObject): Promise<EmbeddedIssuer> {
    const jwk = await exportJWK(createPublicKey(key));
    const kid = await calculateJwkThumbprint(jwk);
    return new EmbeddedIssuer(key, { ...jwk, kid, alg: ALGORITHM, use: 'sig' });
  }

  /** A JSON Web Key Set, for whoever wants to check its tokens. */
  get jwks(): { readonly keys: readonly JWK[] } {
    return { keys: [this.jwk] };
  }

  get trusted(): TrustedIssuer {
    const keys: JWTVerifyGetKey = () => createPublicKey(this.key);
    return { issuer: ISSUER, audience: AUDIENCE, claims: CLAIMS, keys };
  }

  issue({ subject, tenant, roles, now, minutes, id }: TokenWish): Promise<string> {
    const issued_s = Math.floor(now / 1_000);
    return new SignJWT({ tenant, roles: [...roles] })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.jwk.kid, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setJti(id)
      .setIssuedAt(issued_s)
      .setNotBefore(issued_s)
      .setExpirationTime(issued_s + minutes * 60)
      .sign(this.key);
  }
}

/** A secret that Kubernetes mounts belongs to root and is read by way of the pod's group; nothing more than that. */
const OTHERS = 0o037;

/**
 * The private key in the file, made there when there is none: for its owner alone. Throws ConfigurationError when others
 * may read it.
 */
export function keyFromFile(file: string, variable: string): KeyObject {
  makeUnlessThere(file, () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  });
  if ((statSync(file).mode & OTHERS) !== 0)
    throw new ConfigurationError(variable, `${file} can be read by others`, `take that away: chmod 600 ${file}`);
  return createPrivateKey(readFileSync(file, 'utf8'));
}

/** Two processes that start at once get the same: the second one reads what the first has made. */
export function makeUnlessThere(file: string, make: () => string): void {
  try {
    writeFileSync(file, make(), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
