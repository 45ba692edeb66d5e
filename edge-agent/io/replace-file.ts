/** A small file replaced whole: after a power cut it is the old one or the new one, durable when it resolves. */
import { open, rename } from 'node:fs/promises';

export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
