/** Rot of what was acknowledged: found, declared with its numbers and readings, and no number drawn twice. */
import { decodeSegmentHeader } from '../../../../edge-agent/io/outbox/format';
import { walkBlocks } from '../../../../edge-agent/io/outbox/survey';
import { frame, open, readAll, SMALL_BOUNDS } from './helpers';
import { MemoryFs } from './memory-fs';

const FIRST = '/outbox/telemetry/0000000001.seg';
const SECOND = '/outbox/telemetry/0000000002.seg';
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i);

async function seqs(fs: MemoryFs, device: string): Promise<number[]> {
  const { outbox } = await open(fs);
  const records = await readAll(outbox, 'telemetry');
  await outbox.close();
  return records.filter((r) => r.counter === device).map((r) => r.seq);
}

/** Where each block begins, and the file's end. */
function blocks(file: Buffer): number[] {
  const decoded = decodeSegmentHeader(file);
  if (typeof decoded === 'string') throw new Error(decoded);
  return [...walkBlocks(file, decoded.bytes, decoded.header.dictionary)].map((b) => b.offset);
}

function rot(fs: MemoryFs, path: string, from: number, to: number): void {
  const file = fs.bytesOf(path);
  for (let at = from; at < to; at++) file[at] = (file[at] ?? 0) ^ 0x5a;
  fs.put(path, file);
}

describe('the last acknowledged block', () => {
  async function rotted(): Promise<MemoryFs> {
    const fs = new MemoryFs();
    const { outbox } = await open(fs);
    for (let i = 0; i < 4; i++) await outbox.append([frame('a', 5, i), frame('b', 7, i)]);
    await outbox.append([frame('a', 11)]);
    await outbox.close();
    const [seal = 0, last = 0] = blocks(fs.bytesOf(FIRST)).reverse();
    rot(fs, FIRST, last + 50, seal);
    return fs;
  }

  test('closed in order: what is missing is told exactly, its readings too', async () => {
    const { outbox, events } = await open(await rotted());
    expect(events.flatMap((e) => (e.kind === 'gap' ? e.missing : []))).toEqual([
      { counter: 'a', fromSeq: 5, toSeq: 5, readings: 11 },
    ]);
    expect(await outbox.append([frame('a'), frame('b')])).toEqual([6, 5]);
    await outbox.close();
  });

  test('quiet for a while: the same, without an end in order', async () => {
    const fs = new MemoryFs();
    const { outbox } = await open(fs, { ...SMALL_BOUNDS, seal_ms: 10 });
    for (let i = 0; i < 4; i++) await outbox.append([frame('a', 5, i)]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const disk = fs.copy();
    await outbox.close();
    const [seal = 0, last = 0] = blocks(disk.bytesOf(FIRST)).reverse();
    rot(disk, FIRST, last, seal);
    const again = await open(disk);
    expect(again.outbox.lastSeq('a')).toBe(4);
    expect(again.events.map((e) => e.kind)).toEqual(['damaged', 'gap']);
    await again.outbox.close();
    const third = await open(disk);
    expect(third.events.map((e) => e.kind)).toEqual(['damaged']);
    await third.outbox.close();
  });
});

describe('a header', () => {
  async function segments(): Promise<MemoryFs> {
    const fs = new MemoryFs();
    const { outbox } = await open(fs);
    for (let i = 0; i < 60; i++) await outbox.append([frame('a', 400, i), frame('b', 1, i)]);
    await outbox.close();
    expect(fs.paths().filter((p) => p.includes('telemetry')).length).toBeGreaterThan(2);
    return fs;
  }
  const headerBytes = (file: Buffer): number => (decodeSegmentHeader(file) as { bytes: number }).bytes;

  test.each([FIRST, SECOND])('%s: one copy unreadable costs nothing', async (path) => {
    for (const half of [0, 1]) {
      const fs = await segments();
      const bytes = headerBytes(fs.bytesOf(path)) / 2;
      rot(fs, path, half * bytes + 20, half * bytes + 60);
      expect(await seqs(fs, 'a')).toEqual(upTo(60));
    }
  });

  test.each([FIRST, SECOND])('%s: both copies unreadable: everything of it is declared, once', async (path) => {
    const fs = await segments();
    const before = (await seqs(fs, 'a')).length;
    rot(fs, path, 0, headerBytes(fs.bytesOf(path)));
    const { outbox, events } = await open(fs);
    const gaps = events.flatMap((e) => (e.kind === 'gap' ? e.missing : []));
    const lost = gaps.filter((g) => g.counter === 'a').flatMap((g) => upTo(g.toSeq, g.fromSeq));
    const kept = (await readAll(outbox, 'telemetry')).filter((r) => r.counter === 'a').map((r) => r.seq);
    expect([...lost, ...kept].sort((x, y) => x - y)).toEqual(upTo(before));
    expect(lost.length).toBeGreaterThan(5);
    expect(gaps.reduce((n, g) => n + g.readings, 0)).toBe(lost.length * 401);
    expect(fs.paths()).toContain(path.replace('.seg', '.corrupt'));
    const declared = (await readAll(outbox, 'priority')).length;
    await outbox.close();
    const again = await open(fs);
    expect(again.events).toEqual([]);
    expect((await readAll(again.outbox, 'priority')).length).toBe(declared);
    await again.outbox.close();
  });
});
