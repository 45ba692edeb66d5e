/** `agent verify-image`: whether an image is what its manifest says, and that is signed: for programs that trust nobody's word for it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { trustOf, verifyManifest } from '../../schemas/manifest';
import { type Output } from './validate';

export interface VerifyOptions {
  readonly model: string;
  /** Files. */
  readonly keys: string;
  readonly manifest: string;
  readonly signatures: number;
}

/** Exit 1 with the reason on stderr. Counters are not looked at: going back is for its caller to decide. `now` in ms since 1970. */
export function verifyImage(file: string, o: VerifyOptions, now: number, { err }: Output): number {
  const trust = trustOf(readFileSync(o.keys, 'utf8'), o.signatures);
  const verdict = verifyManifest(readFileSync(o.manifest, 'utf8'), trust, { now, model: o.model, counter: 0 });
  if (!verdict.ok) {
    err(`${verdict.code}: ${verdict.reason}`);
    return 1;
  }
  const content = readFileSync(file);
  const { length, sha256 } = verdict.manifest;
  if (content.length === length && createHash('sha256').update(content).digest('hex') === sha256) return 0;
  err('wrong-content: the image is not what was signed');
  return 1;
}
