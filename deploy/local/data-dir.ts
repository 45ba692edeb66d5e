/** Layout of a data directory: everything that one local instance keeps, in one place. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { instanceOf } from './supervisor/instance';
import { writeAtomically } from './supervisor/run-file';

export interface DataDir {
  readonly path: string;
  /** Twelve hex digits that mark this directory's processes. */
  readonly instance: string;
  readonly runFile: string;
  readonly lock: string;
  readonly ports: string;
  readonly logs: string;
  readonly secrets: {
    readonly clickhouse: string;
    readonly apiToken: string;
    readonly schemaRegistry: string;
    readonly plantToken: string;
  };
  /** Keys that the API makes for itself at its first start: of its tokens, and of its certificates; and the folder of those of pseudonyms. */
  readonly keys: { readonly issuer: string; readonly authority: string; readonly pseudonyms: string };
  /** Signs images for devices; agents trust the public one. PEM. */
  readonly imageKeys: { readonly private: string; readonly public: string };
  /** State of one component or process. */
  readonly of: (name: string) => string;
}

export const defaultDataDir = (projectRoot: string): string => join(projectRoot, '.millrace', 'data');

export function dataDir(path: string): DataDir {
  const dir = resolve(path);
  return {
    path: dir,
    instance: instanceOf(dir),
    runFile: join(dir, 'run.json'),
    lock: join(dir, 'launcher.lock'),
    ports: join(dir, 'ports.json'),
    logs: join(dir, 'logs'),
    secrets: {
      clickhouse: join(dir, 'secrets', 'clickhouse-password'),
      apiToken: join(dir, 'secrets', 'api-token'),
      schemaRegistry: join(dir, 'secrets', 'schema-registry-password'),
      plantToken: join(dir, 'secrets', 'plant-token'),
    },
    keys: {
      issuer: join(dir, 'secrets', 'issuer-key.pem'),
      authority: join(dir, 'secrets', 'ca-key.pem'),
      pseudonyms: join(dir, 'secrets', 'pseudonyms'),
    },
    imageKeys: { private: join(dir, 'secrets', 'image-key.pem'), public: join(dir, 'secrets', 'image-key.pub.pem') },
    of: (name) => join(dir, name),
  };
}

const SECRET_BYTES = 24;

/** Makes the secrets that are missing: random, readable by the owner only. There is no default password. */
export function ensureSecrets(dir: DataDir): void {
  mkdirSync(join(dir.path, 'secrets'), { recursive: true, mode: 0o700 });
  for (const file of Object.values(dir.secrets))
    if (!existsSync(file)) writeAtomically(file, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`, 0o600);
  ensureImageKeys(dir);
}

/** The public key follows from the private one, so a missing one is made again of it. */
function ensureImageKeys({ imageKeys }: DataDir): void {
  if (!existsSync(imageKeys.private)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeAtomically(imageKeys.private, String(privateKey.export({ type: 'pkcs8', format: 'pem' })), 0o600);
  }
  const key = createPublicKey(readFileSync(imageKeys.private, 'utf8'));
  writeAtomically(imageKeys.public, String(key.export({ type: 'spki', format: 'pem' })), 0o600);
}
