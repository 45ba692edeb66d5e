/** Brings an image to this disk, in pieces, and goes on where it stopped: a link that breaks every minute gets there, too. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageManifest } from '../../../schemas/manifest';
import { type Clock } from '../clock';

/** Asked for at once, bytes. */
export const CHUNK_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Bytes [from, to] of an image; fewer at its end. Throws DownloadError. */
export type FetchRange = (sha256: string, from: number, to: number) => Promise<Buffer>;

export class DownloadError extends Error {
  constructor(
    /** `refused`: asking again cannot help. */
    readonly code: 'refused' | 'unreachable' | 'wrong-content',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DownloadError';
  }
}

export interface DownloadOptions {
  readonly directory: string;
  readonly fetchRange: FetchRange;
  readonly clock: Clock;
}

/** Path of the whole image, its hash checked. Tries until `until`, monotonic ms. Throws DownloadError. */
export async function download(manifest: ImageManifest, until: number, options: DownloadOptions): Promise<string> {
  const { directory, clock } = options;
  const path = join(directory, manifest.sha256);
  await mkdir(directory, { recursive: true });
  if ((await sizeOf(path)) === manifest.length && (await hashOf(path)) === manifest.sha256) return path;
  const part = `${path}.part`;
  for (let pause_ms = FIRST_PAUSE_MS; ; pause_ms = Math.min(LONGEST_PAUSE_MS, 2 * pause_ms)) {
    try {
      await append(part, manifest, options);
      break;
    } catch (error) {
      const helpless = error instanceof DownloadError && error.code === 'refused';
      if (helpless || clock.monotonic() + pause_ms >= until) throw error;
      await clock.sleep(pause_ms);
    }
  }
  if ((await hashOf(part)) !== manifest.sha256) {
    await rm(part, { force: true });
    throw new DownloadError('wrong-content', 'what was downloaded is not what was signed');
  }
  await rename(part, path);
  return path;
}

/** Each piece is on disk before the next is asked for, and never more than was signed for. */
async function append(part: string, manifest: ImageManifest, { fetchRange }: DownloadOptions): Promise<void> {
  const file = await open(part, 'a+');
  try {
    let size = (await file.stat()).size;
    if (size > manifest.length) await file.truncate((size = 0));
    while (size < manifest.length) {
      const to = Math.min(size + CHUNK_BYTES, manifest.length) - 1;
      const bytes = await fetchRange(manifest.sha256, size, to);
      if (bytes.length === 0 || bytes.length > to - size + 1)
        throw new DownloadError('wrong-content', `${bytes.length} bytes came for ${to - size + 1}`);
      await file.appendFile(bytes);
      await file.datasync();
      size += bytes.length;
    }
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (s) => s.size,
    () => -1,
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Asks the platform over HTTP. `timeout_ms` is for one piece. */
export function httpRange(baseUrl: string, token: string | undefined, timeout_ms = 60_000): FetchRange {
  return async (sha256, from, to) => {
    let answer: Response;
    try {
      answer = await fetch(`${baseUrl.replace(/\/$/, '')}/${sha256}`, {
        headers: { range: `bytes=${from}-${to}`, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        signal: AbortSignal.timeout(timeout_ms),
      });
      if (answer.status === 206) return Buffer.from(await answer.arrayBuffer());
    } catch (cause) {
      throw new DownloadError('unreachable', `the image does not come: ${(cause as Error).message}`, { cause });
    }
    const refused = answer.status < 500 && answer.status !== 429 && answer.status !== 408;
    await answer.body?.cancel();
    throw new DownloadError(refused ? 'refused' : 'unreachable', `HTTP ${answer.status} for the image`);
  };
}
