/** Takes devices in that show a claim code: the platform judges the code and registers them, and each gets a secret of its own. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ClaimedDevice,
  type ClaimOrder,
  type ClaimVerdict,
  MAX_CLAIMED,
  type Standing,
  standingOf,
  type TakeClaim,
} from '../core/claims';
import { enroll, IdentityError } from './identity/certify';
import { IdentityFiles } from './identity/identity';
import { replaceFile } from './replace-file';

export interface ClaimsOptions {
  /** Holds claimed.json, and a folder for each device with its certificate and its secret. */
  readonly directory: string;
  readonly agentId: () => string;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly newSecret: () => string;
  /** The agent is to work with them too. */
  adopt(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const REFUSED: Readonly<Record<Exclude<Standing, 'new' | 'again'>, string>> = {
  taken: 'the device is claimed already',
  listed: 'the profile has the device, and its secret',
  'too-many': `${MAX_CLAIMED} devices are claimed`,
};
/** Of devices that are claimed, and of those whose code the platform could not judge yet. */
const MAX_FOLDERS = MAX_CLAIMED + 100;

export class Claims {
  private devices: readonly ClaimedDevice[];
  /** By device: bounded by how many the connections let in at once. */
  private readonly underWay = new Set<string>();

  /** Throws when the file is there and cannot be read. */
  constructor(private readonly options: ClaimsOptions) {
    this.devices = read(this.file);
  }

  get all(): readonly ClaimedDevice[] {
    return this.devices;
  }

  readonly take: TakeClaim = async (order) => {
    const { id } = order;
    if (this.underWay.has(id)) return { kind: 'unavailable', why: 'its claim is being looked at' };
    this.underWay.add(id);
    try {
      return await this.judge(order);
    } finally {
      this.underWay.delete(id);
    }
  };

  private async judge(order: ClaimOrder): Promise<ClaimVerdict> {
    if (order.id === this.options.agentId()) return { kind: 'refused', why: 'it is the name of the agent' };
    const hash = createHash('sha256').update(order.code).digest('hex');
    const standing = standingOf(this.devices, order, hash, this.options.now());
    if (standing !== 'new' && standing !== 'again') return { kind: 'refused', why: REFUSED[standing] };
    const folder = join(this.options.directory, encodeURIComponent(order.id));
    const token_file = join(folder, 'token');
    if (standing === 'new') {
      const refusal = await this.certified(order, folder, hash);
      if (refusal) return refusal;
      await this.add(order, token_file, hash);
    }
    return { kind: 'granted', token: await readFile(token_file, 'utf8') };
  }

  /** Killed at any point, the same code leads to the same end. */
  private async certified(
    { api, model, id, code }: ClaimOrder,
    folder: string,
    hash: string,
  ): Promise<ClaimVerdict | undefined> {
    const { now, agentId, newSecret } = this.options;
    const files = new IdentityFiles(folder);
    const begun = join(folder, 'code');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (readdirSync(this.options.directory).length > MAX_FOLDERS)
      return { kind: 'unavailable', why: `${MAX_FOLDERS} claims wait for the platform` };
    const before = (await files.load()) && (await readFile(begun, 'utf8').catch(() => ''));
    if (before === hash) return undefined;
    await replaceFile(begun, hash, OWNER_ONLY);
    await replaceFile(join(folder, 'token'), newSecret(), OWNER_ONLY);
    try {
      await enroll(files, api, code, now(), { device_id: id, agent_id: agentId(), model });
      return undefined;
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      if (error.code !== 'refused') return { kind: 'unavailable', why: error.message };
      // Whoever guesses codes must not fill the disk.
      await rm(folder, { recursive: true, force: true });
      return { kind: 'refused', why: error.message };
    }
  }

  private async add({ id, connection, model }: ClaimOrder, token_file: string, code_hash: string): Promise<void> {
    const at = this.options.now();
    this.devices = [...this.devices, { id, connection, model, token_file, code_hash, at }];
    await replaceFile(this.file, JSON.stringify(this.devices), OWNER_ONLY);
    await this.options.adopt();
  }

  private get file(): string {
    return join(this.options.directory, 'claimed.json');
  }
}

function read(file: string): readonly ClaimedDevice[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClaimedDevice[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
