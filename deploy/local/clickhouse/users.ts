/** Who may ask what. Passwords live in the front; the engine has one user and is not reachable past the front. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { FrontError } from './errors';

export interface User {
  readonly name: string;
  /** full: everything. analyst: reads, confined by `tenant` when it is set. */
  readonly role: 'full' | 'analyst';
  readonly tenant?: string;
}

export interface Credential extends User {
  readonly password: string;
}

export class Users {
  private readonly byName: ReadonlyMap<string, { user: User; digest: Buffer }>;

  constructor(credentials: readonly Credential[]) {
    this.byName = new Map(
      credentials.map(({ password, ...user }) => [user.name, { user, digest: digest(password) }] as const),
    );
  }

  /** The user who asks, by headers, basic authentication or URL, as ClickHouse looks for them. Throws FrontError. */
  identify(request: Pick<IncomingMessage, 'headers'>, url: URLSearchParams): User {
    const given = fromHeaders(request) ?? basic(request.headers.authorization) ?? fromUrl(url);
    if (!given)
      throw new FrontError('REQUIRED_PASSWORD', 'Authentication is required: there is no user without a password');
    const known = this.byName.get(given.name);
    const right = timingSafeEqual(digest(given.password), known?.digest ?? digest(''));
    if (known && right) return known.user;
    throw new FrontError(
      'AUTHENTICATION_FAILED',
      `${given.name}: Authentication failed: password is incorrect, or there is no user with such name`,
    );
  }
}

const digest = (password: string): Buffer => createHash('sha256').update(password).digest();

interface Given {
  readonly name: string;
  readonly password: string;
}

function fromHeaders({ headers }: Pick<IncomingMessage, 'headers'>): Given | undefined {
  const name = headers['x-clickhouse-user'];
  const key = headers['x-clickhouse-key'];
  if (name === undefined && key === undefined) return undefined;
  return { name: String(name ?? 'default'), password: String(key ?? '') };
}

function fromUrl(url: URLSearchParams): Given | undefined {
  const name = url.get('user');
  const password = url.get('password');
  return name === null && password === null ? undefined : { name: name ?? 'default', password: password ?? '' };
}

function basic(header: string | undefined): Given | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  return { name, password: rest.join(':') };
}
