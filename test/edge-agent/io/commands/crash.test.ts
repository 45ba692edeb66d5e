/** Power is lost at a random moment of a command, again and again: a QoS 2 write reaches the field at most once. */
import { below, seeded } from '../random';
import { MemoryFs } from '../outbox/memory-fs';
import { MemoryField } from './field';
import { agent, command } from './helpers';

const RUNS = Number(process.env['RUNS'] ?? 50);
const SEED = Number(process.env['SEED'] ?? 4711);

test.each([
  [2, 'at most once, and its outcome is known or said to be unknown'],
  [1, 'at least once, and verified'],
  [0, 'at most once'],
])(
  `QoS %i under loss of power: %s (SEED=${SEED})`,
  async (qos) => {
    const random = seeded(SEED + qos);
    let unknown = 0;
    for (let run = 0; run < RUNS; run++) {
      const field = new MemoryField();
      const order = command({ qos, name: 'set-pair', args: '{"low":10}' });
      let disk = new MemoryFs();
      let last: string | undefined;
      for (let life = 0; life < 20; life++) {
        const { executor, told, settled } = await agent(disk, field);
        const dies = life < 3;
        const turns = below(random, 40);
        const delivered = executor.deliver([{ ...order, attempt: life + 1 }]).then(
          () => true,
          () => true,
        );
        if (dies) {
          for (let i = 0; i < turns; i++) await new Promise(setImmediate);
          disk = disk.crash(random);
          continue;
        }
        await delivered;
        await settled();
        last = told.states().at(-1);
        await executor.close();
        break;
      }
      if (last === 'outcome-unknown') unknown++;
      const lows = field.writes.filter(([metric]) => metric === 'low').length;
      const highs = field.writes.filter(([metric]) => metric === 'high').length;
      if (qos === 1) {
        expect(last).toBe('verified');
        continue;
      }
      expect(lows).toBeLessThanOrEqual(1);
      expect(highs).toBeLessThanOrEqual(1);
      expect(['verified', 'outcome-unknown']).toContain(last);
      if (last === 'verified') expect([lows, highs]).toEqual([1, 1]);
    }
    if (qos === 2) expect(unknown).toBeLessThan(RUNS / 2);
  },
  60_000,
);
