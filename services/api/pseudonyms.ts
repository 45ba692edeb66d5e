/**
 * Keys of pseudonyms, a file for each tenant in a folder of its own: never on the stream, which forgets nothing. They are read anew
 * whenever they are needed, so that one which is erased is gone for every process that sees the folder.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TENANT } from '../domain/device';
import { PSEUDONYM_KEY_BYTES, pseudonymOf } from '../domain/identity';
import { makeUnlessThere } from './issuer';
import { ApiError } from './problem';

export class Pseudonyms {
  /** `folder`: undefined where the installation has none. */
  constructor(private readonly folder: string | undefined) {}

  /** Makes the tenant's key when there is none yet. Throws ApiError `not-configured`. */
  register(tenant: string): (name: string) => string {
    const file = this.fileOf(tenant);
    if (!keyIn(file))
      changing(() => {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        makeUnlessThere(file, () => randomBytes(PSEUDONYM_KEY_BYTES).toString('base64url'));
      });
    return this.known(tenant);
  }

  /** Throws ApiError `not-found` when there is no key: nobody knows any pseudonym then. */
  known(tenant: string): (name: string) => string {
    const key = keyIn(this.fileOf(tenant));
    if (!key)
      throw new ApiError(
        'not-found',
        `there is no key of pseudonyms of tenant ${tenant}: none was made, or it was erased`,
      );
    return (name) => pseudonymOf(key, tenant, name);
  }

  /** False when there was none. */
  erase(tenant: string): boolean {
    const file = this.fileOf(tenant);
    const was = keyIn(file) !== undefined;
    changing(() => rmSync(file, { force: true }));
    return was;
  }

  private fileOf(tenant: string): string {
    if (this.folder === undefined || !TENANT.test(tenant))
      throw new ApiError(
        'not-configured',
        'this installation has no keys of pseudonyms: set PSEUDONYM_KEY_DIR of the API',
      );
    return join(this.folder, `${tenant}.key`);
  }
}

function keyIn(file: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length >= PSEUDONYM_KEY_BYTES) return key;
  throw new ApiError(
    'not-configured',
    `a key of pseudonyms is ${key.length} bytes long, not ${PSEUDONYM_KEY_BYTES}: base64url`,
  );
}

/** Where the folder is mounted from a Secret, it is the Secret that is changed. */
function changing(change: () => void): void {
  try {
    change();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw cause;
    throw new ApiError(
      'not-configured',
      'the keys of pseudonyms are read-only here: change the Secret that they come from',
      {},
      { cause },
    );
  }
}
