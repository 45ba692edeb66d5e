/** A small file replaced whole: after a power cut it is the old one or the new one, durable when it resolves. */
import { open, rename } from 'node:fs/promises';

/** `mode` is for a file that is made anew: 0o600 for what nobody else may read. */
export async function replaceFile(path: string, text: string, mode = 0o666): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
