/** Images for devices: signed here, kept by the platform, verified again by every agent. */
import { createHash, createPrivateKey } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type ImageManifest, MANIFEST_SPEC, MAX_IMAGE_BYTES, signManifest } from '../../../schemas/manifest';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json } from '../io';
import { milliseconds, whole } from './command-arguments';

export interface AddOptions {
  readonly model: string;
  readonly release: string;
  readonly counter: string;
  readonly expires: string;
  readonly kind: string;
  readonly key?: readonly string[];
}

const MAX_COUNTER = 2 ** 31;

/** Signs the file, uploads it, and prints the signed manifest: what campaigns and agents are given. */
export async function add(context: Context, file: string, options: AddOptions): Promise<number> {
  const manifest = await manifestOf(file, options, Date.now());
  const keys = options.key ?? [context.dir().imageKeys.private];
  const signed = signManifest(manifest, await Promise.all(keys.map(privateKey)));
  const content = Readable.toWeb(createReadStream(file)) as ReadableStream;
  await new ApiClient(apiEndpoint(context)).putFile(`/images/${manifest.sha256}`, content, manifest.length);
  context.io.out(json(signed));
  return EXIT.ok;
}

async function manifestOf(file: string, o: AddOptions, now: number): Promise<ImageManifest> {
  const length = (await stat(file).catch(() => undefined))?.size ?? 0;
  if (length < 1 || length > MAX_IMAGE_BYTES)
    throw new CliError(
      'usage',
      'image add',
      `${file} is not there, empty or too long`,
      `give 1 to ${MAX_IMAGE_BYTES} bytes`,
    );
  if (o.kind !== 'firmware' && o.kind !== 'configuration')
    throw new CliError('usage', 'image add', `--kind ${o.kind} is not known`, 'firmware or configuration');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return {
    ...{ spec: MANIFEST_SPEC, kind: o.kind, model: o.model, version: o.release, length },
    counter: whole(o.counter, '--counter', 0, MAX_COUNTER),
    sha256: hash.digest('hex'),
    expires: new Date(now + milliseconds(o.expires)).toISOString(),
  };
}

async function privateKey(file: string) {
  try {
    return createPrivateKey(await readFile(file));
  } catch (cause) {
    const hint = 'name a PEM file with --key; `millrace up` makes one for its own instance';
    throw new CliError('usage', 'image add', `${file} holds no private key`, hint, { cause });
  }
}
