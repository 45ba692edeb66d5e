/** The agent's identity on disk: a key and its certificate in one file, replaced whole, and whom to ask for the next. */
import { readFile, rm } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../replace-file';

export interface IdentityFacts {
  readonly tenant: string;
  readonly kind: string;
  readonly id: string;
  /** Address of the API that certifies it. */
  readonly api: string;
  /** ms since 1970-01-01 UTC. */
  readonly issued_at: number;
  readonly expires_at: number;
}

const OWNER_ONLY = 0o600;

export class IdentityFiles {
  /** Key and certificate, PEM. */
  readonly pem: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  private readonly facts: string;
  private readonly nextKey: string;

  constructor(readonly directory: string) {
    this.pem = join(directory, 'identity.pem');
    this.ca = join(directory, 'ca.pem');
    this.facts = join(directory, 'identity.json');
    this.nextKey = join(directory, 'next-key.pem');
  }

  /** Undefined when there is none yet. */
  async load(): Promise<IdentityFacts | undefined> {
    const text = await this.read(this.facts);
    return text === undefined ? undefined : (JSON.parse(text) as IdentityFacts);
  }

  /** The key for the next certificate: the same one until it was certified, so that a lost answer can be asked for again. */
  async pendingKey(make: () => string): Promise<string> {
    const found = await this.read(this.nextKey);
    if (found !== undefined) return found;
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const key = make();
    await replaceFile(this.nextKey, key, OWNER_ONLY);
    return key;
  }

  async save(facts: IdentityFacts, key: string, certificate: string, ca: string): Promise<void> {
    await replaceFile(this.ca, ca);
    await replaceFile(this.pem, `${key}${certificate}`, OWNER_ONLY);
    await replaceFile(this.facts, `${JSON.stringify(facts, undefined, 2)}\n`);
    await rm(this.nextKey, { force: true });
  }

  keyAndCertificate(): Promise<string> {
    return readFile(this.pem, 'utf8');
  }

  private read(path: string): Promise<string | undefined> {
    return readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return undefined;
      throw e;
    });
  }
}

const PART = 2 / 3;

/** When the next certificate is asked for: with a third of the time left to try again in. */
export const renewAt = ({ issued_at, expires_at }: Pick<IdentityFacts, 'issued_at' | 'expires_at'>): number =>
  issued_at + PART * (expires_at - issued_at);
