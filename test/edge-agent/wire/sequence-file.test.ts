import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SequenceFile } from '../../../edge-agent/wire/sequence-file';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millrace-seq-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a write that fails is told of, and the next one has everything', async () => {
  const place = join(folder, 'not-there-yet');
  const file = join(place, 'taken.json');
  const taken = new SequenceFile(file);
  taken.of('pump').add(1);
  await expect(taken.flush()).rejects.toThrow(/ENOENT/);
  await taken.settled();

  mkdirSync(place);
  taken.of('pump').add(2);
  await taken.flush();
  const again = new SequenceFile(file).of('pump');
  expect([1, 2, 3].map((n) => again.judge(n))).toEqual(['again', 'again', 'new']);
});
