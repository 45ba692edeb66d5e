/**
 * What questions cost on many readings, beside what a user would set up without us: one plain MergeTree table with the
 * default codecs, asked by GROUP BY. Readings are made inside the engine and go through the same views as everything.
 *
 *   node dist/test/bench/query.js [--readings 100000000] [--devices 10000] [--runs 30] [--json]
 */
import { parseArgs } from 'node:util';
import { startStack } from '../support/stack';
import { bytesPerReading, fill, type Sizes, sizesOf } from './query/data';
import { type Answer, ask, QUESTIONS } from './query/questions';
import { login, type Sql } from './query/sql';

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '100000000' },
    devices: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});

interface Figures {
  readonly sizes: Sizes;
  readonly fill_s: number;
  readonly bytes_per_reading: Record<string, number>;
  readonly answers: readonly Answer[];
}

void main();

async function main(): Promise<void> {
  const stack = await startStack({ want: ['clickhouse'] });
  try {
    const sql = login(stack.env);
    const figures = await measure(sql);
    if (values.json) console.log(JSON.stringify(figures));
    else print(figures);
  } finally {
    await stack.stop();
  }
}

async function measure(sql: Sql): Promise<Figures> {
  const sizes = sizesOf(Number(values.readings), Number(values.devices));
  const report = values.json ? (): void => undefined : (line: string): void => console.log(line);
  const fill_s = await fill(sql, sizes, report);
  const answers: Answer[] = [];
  for (const question of QUESTIONS) answers.push(await ask(sql, question, sizes, Number(values.runs)));
  return { sizes, fill_s, bytes_per_reading: await bytesPerReading(sql, sizes.readings), answers };
}

function print({ sizes, fill_s, bytes_per_reading, answers }: Figures): void {
  const { readings, devices, per_device, minutes } = sizes;
  console.log(
    `\n${readings} readings: ${devices} devices, ${per_device} each, over ${Math.round(minutes / 1_440)} days; made in ${fill_s} s\n`,
  );
  for (const a of answers) {
    console.log(`${a.name} (${a.rows} rows), warm, ${a.runs} runs`);
    for (const [way, { p50_ms, p99_ms }] of Object.entries(a.ways))
      console.log(`  ${way.padEnd(13)} p50 ${p50_ms} ms, p99 ${p99_ms} ms`);
  }
  console.log('\nbytes on disk per reading');
  for (const [table, bytes] of Object.entries(bytes_per_reading)) console.log(`  ${table.padEnd(20)} ${bytes}`);
}
