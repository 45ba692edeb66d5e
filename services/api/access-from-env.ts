/** Which credentials the API accepts, from its environment. */
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { ConfigurationError, type Env, integer, text } from '../lib/environment';
import { EmbeddedIssuer, keyFromFile } from './issuer';
import { MAX_CLOCK_SKEW_S, Tokens, type TrustedIssuer } from './tokens';

const DEFAULT_CLOCK_SKEW_S = 30;
const FETCH_TIMEOUT_MS = 5_000;
/** Least time between two looks at a provider's keys for one that is not known, ms. */
const COOLDOWN_MS = 30_000;
const KEYS_KEPT_MS = 600_000;

export interface TokenAccess {
  readonly tokens: Tokens;
  readonly issuer?: EmbeddedIssuer;
}

/**
 * OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL (otherwise asked of the issuer), OIDC_ROLES_CLAIM, OIDC_TENANT_CLAIM or
 * OIDC_TENANT, OIDC_CLOCK_SKEW_S; MILLRACE_ISSUER_KEY_FILE for the embedded issuer.
 */
export async function tokenAccess(env: Env, now: () => number): Promise<TokenAccess> {
  const file = env['MILLRACE_ISSUER_KEY_FILE'];
  const issuer = file ? await EmbeddedIssuer.over(keyFromFile(file, 'MILLRACE_ISSUER_KEY_FILE')) : undefined;
  const clockSkew_s = integer(env, 'OIDC_CLOCK_SKEW_S', DEFAULT_CLOCK_SKEW_S, 0, MAX_CLOCK_SKEW_S);
  const issuers = [...(issuer ? [issuer.trusted] : []), ...(env['OIDC_ISSUER'] ? [provider(env)] : [])];
  const tokens = new Tokens({ issuers, clockSkew_s, now });
  return { tokens, ...(issuer && { issuer }) };
}

function provider(env: Env): TrustedIssuer {
  const issuer = text(env, 'OIDC_ISSUER', 'address of the provider, as its tokens name it');
  const fixedTenant = env['OIDC_TENANT'];
  return {
    issuer,
    audience: text(env, 'OIDC_AUDIENCE', 'audience that the provider puts into tokens for this API'),
    claims: {
      roles: text(env, 'OIDC_ROLES_CLAIM', 'claim that lists roles', 'roles'),
      tenant: text(env, 'OIDC_TENANT_CLAIM', 'claim that names the tenant', 'tenant'),
      ...(fixedTenant && { fixedTenant }),
    },
    keys: env['OIDC_JWKS_URL'] ? remoteKeys(urlOf(env['OIDC_JWKS_URL'], 'OIDC_JWKS_URL')) : discoveredKeys(issuer),
  };
}

function urlOf(value: string, variable: string): URL {
  if (URL.canParse(value)) return new URL(value);
  throw new ConfigurationError(variable, `${value} is no address`, 'such as https://login.example.org/keys');
}

const remoteKeys = (url: URL): JWTVerifyGetKey =>
  createRemoteJWKSet(url, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEYS_KEPT_MS,
  });

/** The provider is asked when the first token comes: it need not be up when the API starts. */
function discoveredKeys(issuer: string): JWTVerifyGetKey {
  const address = urlOf(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, 'OIDC_ISSUER');
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const answer = await fetch(address, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    const found = ((await answer.json()) as { jwks_uri?: unknown }).jwks_uri;
    if (typeof found !== 'string') throw new Error(`${address.href} names no jwks_uri`);
    return remoteKeys(urlOf(found, 'OIDC_ISSUER'));
  };
  return async (header, token) => {
    keys ??= discover().catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return (await keys)(header, token);
  };
}
