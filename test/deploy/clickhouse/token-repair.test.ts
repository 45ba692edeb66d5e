import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orphans, repairTokens } from '../../../deploy/local/clickhouse/token-repair';

describe('orphans', () => {
  const added = (part: string, id: string): string => `1\t${part}\t${id}`;

  it.each([
    ['its own part', '202601_1_1_0', ['202601_1_1_0'], []],
    ['a mutated part', '202601_1_1_0', ['202601_1_1_0_7'], []],
    ['a merged part', '202601_5_5_0', ['202601_1_9_2'], []],
    ['no part', '202601_5_5_0', ['202601_1_4_1', '202601_6_6_0'], ['id']],
    ['a part of another partition', '202601_5_5_0', ['202602_1_9_2'], ['id']],
    ['only the part under way', 'all_5_5_0', ['tmp_insert_all_5_5_0', 'detached', 'format_version.txt'], ['id']],
  ])('a token with %s', (_, part, folders, expected) => {
    expect(orphans([added(part, 'id')], folders).map((e) => e.blockId)).toEqual(expected);
  });

  it('leaves dropped tokens dropped, and added again added', () => {
    const lines = [
      added('all_1_1_0', 'a'),
      '2\tall_1_1_0\ta',
      added('all_2_2_0', 'b'),
      '2\tall_2_2_0\tb',
      added('all_3_3_0', 'b'),
    ];
    expect(orphans(lines, ['all_3_3_0'])).toEqual([]);
    expect(orphans(lines, [])).toEqual([{ part: 'all_3_3_0', blockId: 'b' }]);
  });
});

it('repairs the newest log of every table, once', () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-tokens-'));
  try {
    const table = join(dir, 'store', 'abc', 'abc-1');
    mkdirSync(join(table, 'deduplication_logs'), { recursive: true });
    mkdirSync(join(table, 'all_1_1_0'));
    const log = (n: number): string => join(table, 'deduplication_logs', `deduplication_log_${n}.txt`);
    writeFileSync(log(9), '1\tall_1_1_0\tkept\n');
    writeFileSync(log(10), '1\tall_2_2_0\tlost\n1\tall_3_3_');
    expect(repairTokens(dir)).toBe(1);
    expect(readFileSync(log(10), 'utf8')).toBe('1\tall_2_2_0\tlost\n2\tall_2_2_0\tlost\n');
    expect(repairTokens(dir)).toBe(0);
    expect(repairTokens(join(dir, 'nothing'))).toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
