import { MemoryFs } from './memory-fs';
import { commandEvent, frame, open, readAll } from './helpers';

describe('outbox', () => {
  test('numbers each device from 1 and gives the records back in order', async () => {
    const { outbox } = await open(new MemoryFs());
    const seqs = await Promise.all([
      outbox.append([frame('a'), frame('b'), frame('a')]),
      outbox.append([frame('b')]),
      outbox.append([commandEvent('c1')]),
    ]);
    expect(seqs).toEqual([[1, 1, 2], [2], [1]]);
    const records = await readAll(outbox, 'telemetry');
    expect(records.map((r) => [r.index, r.counter, r.seq])).toEqual([
      [0, 'a', 1],
      [1, 'b', 1],
      [2, 'a', 2],
      [3, 'b', 2],
    ]);
    expect((await readAll(outbox, 'priority')).map((r) => [r.topic, r.seq])).toEqual([['m2m.command-events', 1]]);
    await outbox.close();
  });

  test('goes on where it was after a restart, through many segments', async () => {
    const fs = new MemoryFs();
    for (let run = 0; run < 3; run++) {
      const { outbox, events } = await open(fs);
      for (let i = 0; i < 20; i++) await outbox.append([frame('a', 500, i), frame('b', 100)]);
      await outbox.close();
      expect(events).toEqual([]);
    }
    const { outbox } = await open(fs);
    expect(outbox.lastSeq('a')).toBe(60);
    const records = await readAll(outbox, 'telemetry');
    expect(records.map((r) => r.index)).toEqual(Array.from({ length: 120 }, (_, i) => i));
    expect(records.filter((r) => r.counter === 'b').map((r) => r.seq)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    expect(fs.paths().filter((p) => p.includes('telemetry')).length).toBeGreaterThan(3);
    await outbox.close();
  });

  test('receipts are durable with their record, through segments and restarts, the last of each name', async () => {
    const fs = new MemoryFs();
    const first = await open(fs);
    const told = (value: number): Map<string, number> => new Map([['line/taken', value]]);
    await first.outbox.append([{ ...frame('a'), receipts: new Map([['line/old', 2 ** 48]]) }]);
    for (let i = 0; i < 20; i++)
      await first.outbox.append([{ ...frame('a', 500, i), receipts: told(i) }, frame('b', 1)]);
    expect(fs.paths().filter((p) => p.includes('telemetry')).length).toBeGreaterThan(1);
    expect(Object.fromEntries(first.outbox.receipts())).toEqual({ 'line/old': 2 ** 48, 'line/taken': 19 });
    await first.outbox.close();
    const { outbox } = await open(fs);
    expect(Object.fromEntries(outbox.receipts())).toEqual({ 'line/old': 2 ** 48, 'line/taken': 19 });
    await outbox.close();
  });

  test('reads from any index, whatever the bounds', async () => {
    const { outbox } = await open(new MemoryFs());
    for (let i = 0; i < 30; i++) await outbox.append([frame('a', 200, i), frame('a', 1)]);
    for (const from of [0, 1, 7, 30, 58, 59])
      for (const maxRecords of [1, 3, 100]) {
        const { records, next } = await outbox.read('telemetry', from, { maxRecords, maxBytes: 4_000 });
        expect(records[0]?.index).toBe(from);
        expect(next).toBe(from + records.length);
        expect(records.length).toBeLessThanOrEqual(maxRecords);
      }
    expect(await outbox.read('telemetry', 60, { maxRecords: 9, maxBytes: 9 })).toEqual({ records: [], next: 60 });
    await outbox.close();
  });

  test('is asked how old its oldest record is while it is read: nothing is skipped', async () => {
    const { outbox, events } = await open(new MemoryFs());
    const bounds = { maxRecords: 100, maxBytes: 100_000 };
    const shipped: number[] = [];
    for (let i = 0, next = 0; i < 50; i++) {
      await outbox.append([frame('a', 100, i), frame('b', 100, i)]);
      const [batch, at] = await Promise.all([
        outbox.read('telemetry', next, bounds),
        ...(i % 3 > 0 ? [outbox.appendedAt('telemetry', next)] : []),
        ...(i % 3 > 1 ? [outbox.appendedAt('telemetry', next)] : []),
      ]);
      if (i % 3 > 0) expect(at).toBeDefined();
      shipped.push(...batch.records.map((r) => r.index));
      next = batch.next;
    }
    expect(shipped).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(events).toEqual([]);
    await outbox.close();
  });

  test('gives up the oldest telemetry at the bound, and says so in the priority lane', async () => {
    const { outbox, events } = await open(new MemoryFs());
    for (let i = 0; i < 400; i++) await outbox.append([frame('a', 500, i), frame('b', 3)]);
    expect(outbox.status('telemetry').bytes).toBeLessThanOrEqual(512 * 1024);
    const kept = (await readAll(outbox, 'telemetry')).filter((r) => r.counter === 'a').map((r) => r.seq);
    const gaps = events.flatMap((e) => (e.kind === 'gap' ? e.missing : [])).filter((m) => m.counter === 'a');
    const lost = gaps.flatMap((g) => Array.from({ length: g.toSeq - g.fromSeq + 1 }, (_, i) => g.fromSeq + i));
    expect([...lost, ...kept]).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(gaps.reduce((n, g) => n + g.readings, 0)).toBe(lost.length * 500);
    expect((await readAll(outbox, 'priority')).filter((r) => r.topic === 'm2m.outbox-gaps').length).toBe(
      gaps.length * 2,
    );
    await outbox.close();
  });
});
