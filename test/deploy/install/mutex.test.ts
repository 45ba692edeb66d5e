import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withMutex } from '../../../deploy/local/install/mutex';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-mutex-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('one at a time', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await sleep(20);
    inside--;
  };
  const file = join(dir, 'lock');
  await Promise.all([withMutex(file, work), withMutex(file, work), withMutex(file, work)]);
  expect(most).toBe(1);
  expect(readdirSync(dir)).toEqual([]);
});

test.each([
  ['a process that is no more', '999999999 1'],
  ['a process whose pid another has now', `${process.pid} 1`],
])('the lock of %s is taken over', async (_who, holder) => {
  writeFileSync(join(dir, 'lock'), holder);
  expect(await withMutex(join(dir, 'lock'), async () => 'done')).toBe('done');
});

test('is given back after a failure', async () => {
  const file = join(dir, 'lock');
  await expect(withMutex(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withMutex(file, async () => 'done')).toBe('done');
});
