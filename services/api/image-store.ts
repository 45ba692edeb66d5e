/** Images as files named by their content, on a disk that every copy of the API sees. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAX_IMAGE_BYTES } from '../../schemas/manifest';
import { ApiError } from './problem';

export class ImageStore {
  constructor(
    private readonly directory: string,
    private readonly newId: () => string,
  ) {}

  /** Whole or not at all. Throws ApiError `invalid-request` when the content is not what its name says, or too long. */
  async put(sha256: string, content: Readable): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const temporary = join(this.directory, `${sha256}.${this.newId()}.new`);
    const hash = createHash('sha256');
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        bytes += chunk.length;
        hash.update(chunk);
        next(bytes > MAX_IMAGE_BYTES ? invalid(`the image is longer than ${MAX_IMAGE_BYTES} bytes`) : null, chunk);
      },
    });
    try {
      await pipeline(content, measure, createWriteStream(temporary, { flush: true }));
      if (hash.digest('hex') !== sha256) throw invalid('the content has another SHA-256 than its name');
      await rename(temporary, this.pathOf(sha256));
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Undefined when there is none of that name. */
  async find(sha256: string): Promise<string | undefined> {
    const path = this.pathOf(sha256);
    return stat(path).then(
      () => path,
      () => undefined,
    );
  }

  private pathOf(sha256: string): string {
    return join(this.directory, sha256);
  }
}

const invalid = (why: string): ApiError => new ApiError('invalid-request', why);
