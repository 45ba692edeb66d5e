import { Patience, SLOW_MS } from '../../../services/projector/patience';
import { VirtualTime } from './support/virtual-time';

function world() {
  const time = new VirtualTime();
  const over = new AbortController();
  const said: string[] = [];
  const report = { waiting: (reason: string) => void said.push(reason), working: () => void said.push('works') };
  return { time, over, said, patience: new Patience(time, over.signal, report) };
}

test('speaks of an attempt that is not answered, though it succeeds in the end', async () => {
  const { time, said, patience } = world();
  const done = patience.until('insert', () => time.sleep(3 * SLOW_MS));
  await time.run(() => said.includes('works'), 60_000);
  await done;
  expect(said).toEqual(['insert: no answer for 2 s', 'works']);
});

test('says nothing of one that is answered in time', async () => {
  const { time, said, patience } = world();
  const done = patience.until('insert', () => time.sleep(SLOW_MS / 2));
  await time.run(() => said.includes('works'), 60_000);
  await done;
  await time.run(() => false, 60_000);
  expect(said).toEqual(['works']);
});

test('gives up when the generation is over, not before', async () => {
  const { time, over, said, patience } = world();
  const failed = patience.until('insert', () => Promise.reject(new Error('down'))).catch((e: unknown) => e);
  time.after(1_000, () => over.abort());
  await time.run(() => over.signal.aborted, 60_000);
  await time.run(() => false, 10_000);
  expect(await failed).toMatchObject({ code: 'fenced' });
  expect(said[0]).toBe('insert: down');
});
