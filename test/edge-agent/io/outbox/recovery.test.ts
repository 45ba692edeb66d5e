/** What a start makes of files that were torn, cut, damaged or left behind. */
import { systemClock } from '../../../../edge-agent/io/clock';
import { type StoredRecord } from '../../../../edge-agent/io/outbox-api';
import { RESERVE_BYTES } from '../../../../edge-agent/io/outbox/bounds';
import { decodeSegmentHeader } from '../../../../edge-agent/io/outbox/format';
import { surveySegment, walkBlocks } from '../../../../edge-agent/io/outbox/survey';
import { frame, open, readAll, SMALL_BOUNDS } from './helpers';
import { MemoryFs } from './memory-fs';

jest.setTimeout(60_000);

/** Made once: writing it at every start is most of a start in memory. */
const RESERVE = Buffer.alloc(RESERVE_BYTES);
const SEGMENT = '/outbox/telemetry/0000000001.seg';
const seqs = (records: readonly StoredRecord[], device: string): number[] =>
  records.filter((r) => r.counter === device).map((r) => r.seq);
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i);

async function written(appends: number, readings = 3): Promise<MemoryFs> {
  const fs = new MemoryFs();
  const { outbox } = await open(fs);
  for (let i = 0; i < appends; i++) await outbox.append([frame('a', readings, i), frame('b', 1, i)]);
  // As power goes: nothing is sealed.
  const disk = fs.copy();
  await outbox.close();
  return disk;
}

/** Ends of the blocks of a segment, the header's end first. */
function ends(file: Buffer): number[] {
  const decoded = decodeSegmentHeader(file);
  if (typeof decoded === 'string') throw new Error(decoded);
  const blocks = [...walkBlocks(file, decoded.bytes, decoded.header.dictionary)];
  return [decoded.bytes, ...blocks.map((b) => b.offset + b.bytes.length)];
}

test('cut at every byte: every whole block is kept and nothing else', async () => {
  const whole = (await written(5)).bytesOf(SEGMENT);
  const blockEnds = ends(whole);
  for (let cut = 0; cut <= whole.length; cut++) {
    const survey = surveySegment(whole.subarray(0, cut));
    const kept = blockEnds.filter((end) => end <= cut).length - 1;
    if (kept < 0) {
      expect(survey).toBe('short');
      continue;
    }
    const seq = kept;
    expect(survey).toMatchObject({ nextIndex: 2 * kept, validBytes: blockEnds[kept], lostRecords: 0, missing: [] });
    if (typeof survey === 'string') throw new Error(survey);
    expect(survey.tornBytes).toBe(cut - (blockEnds[kept] ?? 0));
    expect(survey.counters.get('a')?.seq ?? 0).toBe(seq);
  }
});

test('cut anywhere: the numbers go on behind what was kept, and the cut is reported', async () => {
  const whole = (await written(5)).bytesOf(SEGMENT);
  const blockEnds = ends(whole);
  const cuts = [0, 1, 500, whole.length, ...blockEnds.flatMap((end) => [end - 1, end, end + 1, end + 50])];
  for (const cut of cuts.filter((c) => c <= whole.length)) {
    const fs = new MemoryFs();
    fs.put('/outbox/reserve', RESERVE);
    fs.put(SEGMENT, Buffer.from(whole.subarray(0, cut)));
    const { outbox, events } = await open(fs);
    const blocks = blockEnds.filter((end) => end <= cut).length - 1;
    const kept = Math.max(0, blocks);
    expect(await outbox.append([frame('a'), frame('b')])).toEqual([kept + 1, kept + 1]);
    const records = await readAll(outbox, 'telemetry');
    expect([seqs(records, 'a'), seqs(records, 'b')]).toEqual([upTo(kept + 1), upTo(kept + 1)]);
    const clean = blockEnds.includes(cut);
    expect(events.map((e) => e.kind)).toEqual(clean ? [] : [blocks < 0 ? 'empty-segment' : 'torn-tail']);
    await outbox.close();
  }
});

test('damage in the middle of the newest segment: what is behind it is kept, what is in it is declared', async () => {
  const fs = await written(10);
  const file = fs.bytesOf(SEGMENT);
  const blockEnds = ends(file);
  file[(blockEnds[3] ?? 0) + 60] = 0xff;
  file[(blockEnds[3] ?? 0) + 61] = 0x55;
  fs.put(SEGMENT, file);
  const { outbox, events } = await open(fs);
  const records = await readAll(outbox, 'telemetry');
  expect(seqs(records, 'a')).toEqual([...upTo(3), ...upTo(10, 5)]);
  expect(events).toContainEqual({
    kind: 'gap',
    lane: 'telemetry',
    reason: 'corrupt-segment',
    missing: [
      { counter: 'a', fromSeq: 4, toSeq: 4, readings: 0 },
      { counter: 'b', fromSeq: 4, toSeq: 4, readings: 0 },
    ],
  });
  expect(await outbox.append([frame('a')])).toEqual([11]);
  const gaps = (await readAll(outbox, 'priority')).length;
  expect(gaps).toBe(2);
  await outbox.close();
  const again = await open(fs);
  expect(again.outbox.lastSeq('a')).toBe(11);
  expect((await readAll(again.outbox, 'priority')).length).toBe(gaps);
  expect(seqs(await readAll(again.outbox, 'telemetry'), 'a')).toEqual([...upTo(3), ...upTo(11, 5)]);
  await again.outbox.close();
});

test('damage in an older segment is found when it is read, and the readings lost are counted', async () => {
  const fs = await written(60, 400);
  const older = fs.paths().filter((p) => p.startsWith('/outbox/telemetry'))[1] ?? '';
  const file = fs.bytesOf(older);
  const [, , second = 0, third = 0] = ends(file);
  file.fill(0, second, third);
  fs.put(older, file);
  const { outbox, events } = await open(fs);
  const records = await readAll(outbox, 'telemetry');
  const missing = events.flatMap((e) => (e.kind === 'gap' ? e.missing : []));
  expect(missing).toHaveLength(2);
  const [a] = missing.filter((m) => m.counter === 'a');
  expect(a).toMatchObject({ readings: 400 });
  expect(seqs(records, 'a')).toEqual(upTo(60).filter((n) => n !== a?.fromSeq));
  await outbox.settled('telemetry', { next: outbox.status('telemetry').next, ranges: [] });
  expect(fs.paths()).toContain(older.replace('.seg', '.corrupt'));
  await outbox.close();
});

test('a rejected append is nowhere, and its numbers are given to the next', async () => {
  const fs = new MemoryFs();
  const { outbox } = await open(fs);
  await outbox.append([frame('a')]);
  fs.fault = (operation) => (operation === 'datasync' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined);
  await expect(outbox.append([frame('a')])).rejects.toMatchObject({ code: 'io', recoverable: true });
  expect(outbox.status('telemetry').error?.code).toBe('io');
  fs.fault = () => undefined;
  expect(await outbox.append([frame('a')])).toEqual([2]);
  expect(outbox.status('telemetry').error).toBeUndefined();
  expect(seqs(await readAll(outbox, 'telemetry'), 'a')).toEqual([1, 2]);
  await outbox.close();
  const again = await open(fs.copy());
  expect(seqs(await readAll(again.outbox, 'telemetry'), 'a')).toEqual([1, 2]);
  await again.outbox.close();
});

test('an encoder that throws rejects its own append only', async () => {
  const { outbox } = await open(new MemoryFs());
  const bad = {
    ...frame('a'),
    encode: () => {
      throw new RangeError('no such value');
    },
  };
  const results = await Promise.allSettled([
    outbox.append([frame('a')]),
    outbox.append([frame('b'), bad]),
    outbox.append([frame('a'), frame('b')]),
  ]);
  expect(results.map((r) => (r.status === 'fulfilled' ? r.value : (r.reason as Error).message))).toEqual([
    [1],
    'no such value',
    [2, 1],
  ]);
  await outbox.close();
});

test('only one process owns the disk', async () => {
  const fs = new MemoryFs();
  const { outbox } = await open(fs);
  await expect(open(fs)).rejects.toMatchObject({
    code: 'locked',
    hint: expect.stringContaining('already running') as string,
  });
  await outbox.close();
  const { outbox: next } = await open(fs);
  await next.close();
});

describe('a full disk', () => {
  test('telemetry gives up its oldest and says so; nothing is refused', async () => {
    const fs = new MemoryFs();
    const { outbox, events } = await open(fs, { ...SMALL_BOUNDS, telemetryBytes: 64 * 1024 * 1024 });
    fs.capacity = RESERVE_BYTES + 400 * 1024;
    for (let i = 0; i < 120; i++) await outbox.append([frame('a', 800, i)]);
    const kept = seqs(await readAll(outbox, 'telemetry'), 'a');
    const lost = events.flatMap((e) => (e.kind === 'gap' && e.reason === 'disk-full' ? e.missing : []));
    const lostSeqs = lost.flatMap((m) => upTo(m.toSeq, m.fromSeq));
    expect([...lostSeqs, ...kept]).toEqual(upTo(120));
    expect(lost.length).toBeGreaterThan(0);
    await outbox.close();
  });

  test('telemetry is refused when nothing can be given up, and goes on when there is room', async () => {
    const fs = new MemoryFs();
    const { outbox } = await open(fs);
    await outbox.append([frame('a', 100)]);
    fs.capacity = fs.used;
    await expect(outbox.append([frame('a', 800)])).rejects.toMatchObject({ code: 'disk-full', recoverable: true });
    fs.capacity = Number.MAX_SAFE_INTEGER;
    expect(await outbox.append([frame('a')])).toEqual([2]);
    await outbox.close();
  });

  test('a read-only disk is said to be one', async () => {
    const fs = new MemoryFs();
    const { outbox } = await open(fs);
    fs.fault = () => Object.assign(new Error('EROFS'), { code: 'EROFS' });
    await expect(outbox.append([frame('a')])).rejects.toMatchObject({ code: 'read-only', recoverable: true });
    fs.fault = () => undefined;
    expect(await outbox.append([frame('a')])).toEqual([1]);
    await outbox.close();
  });
});

test('a clock that jumps back changes neither order nor numbers', async () => {
  let now = 2_000_000_000_000;
  const clock = { ...systemClock, now: () => (now -= 86_400_000) };
  const { outbox } = await open(new MemoryFs(), SMALL_BOUNDS, clock);
  for (let i = 0; i < 50; i++) await outbox.append([frame('a', 300, i)]);
  expect(seqs(await readAll(outbox, 'telemetry'), 'a')).toEqual(upTo(50));
  await outbox.close();
});
