/**
 * What questions cost on many readings, beside what a user would set up without us: one plain MergeTree table with the
 * default codecs, asked by GROUP BY. Readings are made inside the engine and go through the same views as everything.
 *
 *   node dist/test/bench/query.js [--readings 100000000] [--devices 10000] [--runs 30] [--json]
 */
import { parseArgs } from 'node:util';
import { whoHolds } from '../../deploy/local/ports';
import { cpuSecondsOf } from '../services/service-process';
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
  /** CPU time of the engine, for our tables and the plain one together. */
  readonly fill_cpu_s: number;
  readonly bytes_per_reading: Record<string, number>;
  readonly answers: readonly Answer[];
}

void main();

async function main(): Promise<void> {
  const stack = await startStack({ want: ['clickhouse'] });
  try {
    const sql = login(stack.env);
    const pid = whoHolds(stack.ports.clickhouse)?.pid ?? 0;
    const figures = await measure(sql, pid);
    if (values.json) console.log(JSON.stringify(figures));
    else print(figures);
  } finally {
    await stack.stop();
  }
}

async function measure(sql: Sql, pid: number): Promise<Figures> {
  const sizes = sizesOf(Number(values.readings), Number(values.devices));
  const report = values.json ? (): void => undefined : (line: string): void => console.log(line);
  const before = cpuSecondsOf(pid);
  const fill_s = await fill(sql, sizes, report);
  const fill_cpu_s = Math.round(cpuSecondsOf(pid) - before);
  const answers: Answer[] = [];
  for (const question of QUESTIONS) answers.push(await ask(sql, question, Number(values.runs), pid));
  return { sizes, fill_s, fill_cpu_s, bytes_per_reading: await bytesPerReading(sql, sizes.readings), answers };
}

function print({ sizes, fill_s, fill_cpu_s, bytes_per_reading, answers }: Figures): void {
  const { readings, devices, per_device } = sizes;
  console.log(
    `\n${readings} readings: ${devices} devices with ${per_device} each, a site's month, a device's day; made in ${fill_s} s, ${fill_cpu_s} CPU-s\n`,
  );
  for (const a of answers) {
    console.log(`${a.name} (${a.rows} rows), warm, ${a.runs} runs`);
    for (const [way, { p50_ms, p99_ms, cpu_ms }] of Object.entries(a.ways))
      console.log(`  ${way.padEnd(13)} p50 ${p50_ms} ms, p99 ${p99_ms} ms, ${cpu_ms} ms of the engine's CPU`);
  }
  console.log('\nbytes on disk per reading');
  for (const [table, bytes] of Object.entries(bytes_per_reading)) console.log(`  ${table.padEnd(20)} ${bytes}`);
}
