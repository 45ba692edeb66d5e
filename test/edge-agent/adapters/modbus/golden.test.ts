/**
 * Golden cases: test/golden/modbus/<case>/ holds profile.yaml, what the device has (field.json: unit, table, address, hex of
 * registers or bits as text), and expected.json: the requests that are made and the readings that come of the answers.
 * GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PointTable } from '../../../../edge-agent/adapters/modbus/points';
import { type PlannedRead } from '../../../../edge-agent/adapters/modbus/plan';
import { toReading } from '../../../../edge-agent/core/reading';
import { readPlan } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/modbus');
const TABLES = ['', 'coil', 'discrete-input', 'holding-register', 'input-register'];

interface Block {
  readonly unit: number;
  readonly table: string;
  readonly address: number;
  /** Registers, blanks ignored. */
  readonly hex?: string;
  /** 0 and 1, blanks ignored. */
  readonly bits?: string;
}

/** What the device answers; what lies in no block is zero. */
function answer(blocks: readonly Block[], { unit, fn, address, count }: PlannedRead): Buffer {
  const wanted = blocks.filter((b) => b.unit === unit && b.table === TABLES[fn]);
  if (fn <= 2) {
    const out = Buffer.alloc(Math.ceil(count / 8));
    for (const b of wanted)
      [...(b.bits ?? '').replaceAll(' ', '')].forEach((bit, i) => {
        const at = b.address + i - address;
        if (bit === '1' && at >= 0 && at < count) out[at >> 3] = (out[at >> 3] ?? 0) | (1 << (at & 7));
      });
    return out;
  }
  const space = Buffer.alloc(0x20000);
  for (const b of wanted) Buffer.from((b.hex ?? '').replaceAll(' ', ''), 'hex').copy(space, 2 * b.address);
  return space.subarray(2 * address, 2 * (address + count));
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const blocks = JSON.parse(readFileSync(join(folder, 'field.json'), 'utf8')) as Block[];
  const requests: string[] = [];
  const readings: Record<string, string> = {};
  for (const connection of plan.connections) {
    const table = new PointTable(connection);
    for (const read of table.plan(new Set())) {
      requests.push(`unit ${read.unit} ${TABLES[read.fn]} ${read.address}+${read.count} each ${read.scan_ms} ms`);
      for (const sample of table.samples(read, answer(blocks, read), 0)) {
        const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
        if (!point) throw new Error(`no point ${sample.metric}`);
        const { value, quality } = toReading(point, sample);
        readings[`${sample.device}/${sample.metric}`] =
          `${typeof value} ${String(value)} ${point.unit} quality ${quality}`;
      }
    }
  }
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write')
    writeFileSync(file, `${JSON.stringify({ requests, readings }, undefined, 2)}\n`);
  expect({ requests, readings }).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
