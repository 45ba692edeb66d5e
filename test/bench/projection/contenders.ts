/** The same topic into the same tables, by three ways. Each gets a database of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { Topics } from '../../../schemas/topics';
import { type Bed } from '../../services/projector/support/bed';
import { cpuSecondsOf } from '../../services/service-process';
import { type Model, shape } from './models';

export interface Cost {
  readonly name: string;
  /** CPU-seconds of whatever is not the engine. */
  readonly client_cpu_s: number;
  readonly engine_cpu_s: number;
  readonly cpu_s: number;
  /** From the start until the last reading was visible. */
  readonly wall_s: number;
  readonly readings: number;
  /** Parts that were written into readings_raw. */
  readonly parts: number;
}

type Run = (bed: Bed, database: string, readings: number) => Promise<number>;

export interface Way {
  readonly name: string;
  readonly inserts: 'frames' | 'rows';
  readonly run: Run;
}

/** Every look costs the engine some milliseconds, which are counted to whoever is looked at. */
const POLL_MS = 500;
const LIMIT_MS = 600_000;

/** Runs one way until all readings are visible; `run` starts it and gives the CPU-seconds of its own process, once stopped. */
export async function measure(bed: Bed, way: Way, model: Model, readings: number): Promise<Cost> {
  const { name, run } = way;
  const { enginePid } = bed;
  const database = `bench_${name.replace(/\W/g, '_')}_${Date.now() % 100_000}`;
  await bed.migrate(database);
  await shape(bed, database, model, way.inserts);
  await quiet(enginePid);
  const engine = cpuSecondsOf(enginePid);
  const started = performance.now();
  const client_cpu_s = await run(bed, database, readings);
  const wall_s = (performance.now() - started) / 1_000;
  const engine_cpu_s = cpuSecondsOf(enginePid) - engine;
  const parts = Number(
    await bed.one(
      `SELECT max(max_block_number) FROM system.parts WHERE database = '${database}' AND table = 'readings_raw'`,
    ),
  );
  await bed.execute(`DROP DATABASE ${database} SYNC`);
  const round = (n: number): number => Math.round(n * 100) / 100;
  return {
    ...{ name, client_cpu_s: round(client_cpu_s), engine_cpu_s: round(engine_cpu_s) },
    ...{ cpu_s: round(client_cpu_s + engine_cpu_s), wall_s: round(wall_s), readings, parts },
  };
}

/** The projector as it is: exactly once. Its start is not part of the work: a second one, with nothing to do, shows it. */
const projector: Run = async (bed, database, readings) => {
  const env = { CLICKHOUSE_DATABASE: database, PROJECTOR_GROUP: `group-${database}` };
  const process = await bed.projector(env);
  await visible(bed, database, readings);
  const whole = process.cpuSeconds();
  await process.stop();
  const idle = await bed.projector(env);
  const start = idle.cpuSeconds();
  await idle.stop();
  return whole - start;
};

/** The engine's own Kafka table with its own Avro decoder: at least once. */
const kafkaTable: Run = async (bed, database, readings) => {
  const { env } = bed.stack;
  const columns = await bed.rows<{ name: string; type: string }>(
    `SELECT name, type FROM system.columns WHERE database = '${database}' AND table = 'in_telemetry' ORDER BY position`,
  );
  await bed.execute(
    `CREATE TABLE ${database}.stream (${columns.map((c) => `\`${c.name}\` ${c.type}`).join(', ')}) ENGINE = Kafka SETTINGS
     kafka_broker_list = '${env['KAFKA_BROKERS']}', kafka_topic_list = '${Topics.telemetry.name}', kafka_group_name = 'engine-${database}',
     kafka_format = 'AvroConfluent', format_avro_schema_registry_url = '${env['SCHEMA_REGISTRY_URL']}'`,
  );
  await bed.execute(
    `CREATE MATERIALIZED VIEW ${database}.stream_in TO ${database}.in_telemetry AS SELECT * FROM ${database}.stream`,
  );
  await visible(bed, database, readings);
  await bed.execute(`DROP TABLE ${database}.stream_in SYNC`);
  await bed.execute(`DROP TABLE ${database}.stream SYNC`);
  return 0;
};

const javascript =
  (format: 'rowbinary' | 'jsoneachrow'): Run =>
  async (bed, database, readings) => {
    const script = join(projectRoot(), 'dist', 'test', 'bench', 'projection', 'js-consumer.js');
    const child = spawn(process.execPath, [script, format, database, String(readings)], {
      env: { PATH: process.env['PATH'], ...bed.stack.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    await once(child, 'close');
    await visible(bed, database, readings);
    return (JSON.parse(chunks.join('')) as { cpu_s: number }).cpu_s;
  };

export const WAYS: readonly Way[] = [
  { name: 'projector', inserts: 'frames', run: projector },
  { name: 'kafka table', inserts: 'frames', run: kafkaTable },
  { name: 'javascript rowbinary', inserts: 'rows', run: javascript('rowbinary') },
  { name: 'javascript json', inserts: 'rows', run: javascript('jsoneachrow') },
];

async function visible(bed: Bed, database: string, readings: number): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline;) {
    const count = Number(await bed.one(`SELECT count() FROM ${database}.readings_raw`));
    if (count >= readings) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`${database}: not all of ${readings} readings after ${LIMIT_MS} ms`);
}

/** Waits until the engine does nothing of its own any more (merges of what was before). */
async function quiet(pid: number): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const before = cpuSecondsOf(pid);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    if (cpuSecondsOf(pid) - before < 0.1) return;
  }
}
