/** Who is calling: the bearer credential, looked at by each that may know its kind. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Socket } from 'node:net';
import { type Request, type RequestHandler } from 'express';
import { type Principal, principal, refused } from '../domain/access';
import { type Recorder } from './audit-log';
import { ApiError } from './problem';

export type { Principal } from '../domain/access';

/** One kind of credential. */
export interface Authenticator {
  /**
   * The principal; undefined when the credential is of another kind. Throws ApiError `unauthorized` for one of its kind
   * that is not good, `unavailable` when it cannot tell now.
   */
  authenticate(credential: string): Promise<Principal | undefined> | Principal | undefined;
}

/** Knows callers by the connection they come by. */
export interface PeerAuthenticator {
  /** Undefined when the connection says nothing. Throws ApiError `unauthorized` when what it says is not good. */
  ofPeer(socket: Socket): Principal | undefined;
}

const digest = (s: string): Buffer => createHash('sha256').update(s).digest();

const everything = (tenant: string) => [{ tenant, role: 'admin' as const, site: '' }];

/** The token of the installation: the launcher's and the command line's. The comparison takes the same time whatever was sent. */
export function installationToken(token: string, tenant: string): Authenticator {
  const expected = digest(token);
  const operator = principal('user', 'operator', tenant, everything(tenant));
  return { authenticate: (given) => (timingSafeEqual(digest(given), expected) ? operator : undefined) };
}

/** Without a token of the installation the API listens on loopback only, and whoever is there may do everything. */
export const localUser = (tenant: string): Principal => principal('user', 'local', tenant, everything(tenant));

export interface Authentication {
  readonly authenticators: readonly Authenticator[];
  /** Comes before them: who has shown a certificate is nobody else, whatever is sent with it. */
  readonly peers?: PeerAuthenticator;
  /** Who calls without a credential; absent: nobody may. */
  readonly anonymous?: Principal;
  /** Tenant under which refusals are on record: whose caller is not known. */
  readonly tenant: string;
  readonly recorder: Recorder;
}

const NO_CREDENTIAL = 'send a token or an API key as `Authorization: Bearer …`';

/** Longest credential looked at, characters: a chain of certificates is the largest. */
const MAX_CREDENTIAL_CHARS = 16_384;

export function authenticate(options: Authentication): RequestHandler {
  return async (req, res, next) => {
    try {
      res.locals['principal'] = await identify(options, req);
    } catch (error) {
      const { recorder, tenant } = options;
      if (error instanceof ApiError && error.code === 'unauthorized')
        recorder.tell(refused(recorder.asked(req, res), { tenant, actor: 'unknown' }, 'authenticate', error.message));
      return next(error);
    }
    next();
  };
}

async function identify({ authenticators, peers, anonymous }: Authentication, req: Request): Promise<Principal> {
  const peer = peers?.ofPeer(req.socket);
  if (peer) return peer;
  const header = req.header('authorization') ?? '';
  const credential = /^Bearer (\S+)$/i.exec(header)?.[1];
  if (credential === undefined || credential.length > MAX_CREDENTIAL_CHARS) {
    if (header === '' && anonymous) return anonymous;
    throw new ApiError('unauthorized', NO_CREDENTIAL);
  }
  for (const a of authenticators) {
    const found = await a.authenticate(credential);
    if (found) return found;
  }
  throw new ApiError('unauthorized', NO_CREDENTIAL);
}

export const principalOf = (res: { locals: Record<string, unknown> }): Principal =>
  res.locals['principal'] as Principal;
