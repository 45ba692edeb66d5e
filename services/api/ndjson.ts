/** Newline-delimited JSON going out, no faster than the client takes it. */
import { once } from 'node:events';
import { type Response } from 'express';

export const NDJSON = 'application/x-ndjson';

/** Throws when the client has gone. */
export async function writeText(res: Response, text: string): Promise<void> {
  if (res.destroyed) throw new Error('the client has gone');
  if (res.write(text)) return;
  await Promise.race([once(res, 'drain'), once(res, 'close')]);
}
