/** ClickHouse in trouble, really: the projector waits, says for what, and goes on when it is over; once in every tier. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SESSION_TIMEOUT_MS } from '../../../services/projector/kafka/membership';
import { type ServiceProcess } from '../service-process';
import { Bed, eventually, frame, onceInEveryTier } from './support/bed';

jest.setTimeout(60_000);

const T0 = Date.UTC(2026, 0, 1);
const DEVICES = 12;
const NOTICED_MS = 45_000;

let bed: Bed;
let projector: ServiceProcess;
let frames = 0;
beforeAll(async () => {
  bed = await Bed.start();
  projector = await bed.projector();
}, 60_000);
afterAll(async () => {
  await projector?.stop();
  await bed?.stop();
});

/** One frame of each of several devices, in all partitions. */
async function produce(): Promise<void> {
  const seq = ++frames;
  const shape = { seq, ts: T0 + seq * 60_000, value: () => 1 };
  await bed.produce(Array.from({ length: DEVICES }, (_, d) => frame({ ...shape, device_id: `device-${d}` })));
}

async function everythingIsIn(): Promise<void> {
  const readings = frames * DEVICES * 10;
  const expected = onceInEveryTier(readings, readings);
  await eventually('everything is in', async () => (await bed.tiers())['readings_1d'] === expected['readings_1d']);
  expect(await bed.tiers()).toEqual(expected);
  await eventually('ready again', async () => (await projector.notReady()) === undefined);
}

/** The log says what it waits for, and /readyz too when it lasts. */
async function waitsFor(reason: RegExp): Promise<void> {
  await eventually(`waiting for ${reason}`, () => Promise.resolve(reason.test(since(projector.log()))), NOTICED_MS);
}

let seen = 0;
const since = (log: string): string => log.slice(seen);

beforeEach(() => (seen = projector.log().length));

test('down: says so, and goes on when it is back', async () => {
  await bed.stack.kill('clickhouse');
  await produce();
  await waitsFor(/ClickHouse does not answer/);
  await bed.stack.restart('clickhouse');
  await everythingIsIn();
});

test('slow: an insert hangs for longer than the group waits for a heartbeat, and nobody is thrown out', async () => {
  const assigned = projector.log().split('partitions assigned').length;
  const { enginePid } = bed;
  process.kill(enginePid, 'SIGSTOP');
  try {
    await produce();
    await sleep(SESSION_TIMEOUT_MS + 500);
    expect(await projector.notReady()).toMatch(/m2m\.telemetry:\d: insert into in_telemetry: no answer for 2 s/);
  } finally {
    process.kill(enginePid, 'SIGCONT');
  }
  await everythingIsIn();
  expect(projector.log().split('partitions assigned').length).toBe(assigned);
});

const setting = (table: string, name: string, value: string): string =>
  `ALTER TABLE millrace.${table} MODIFY SETTING ${name} = ${value}`;
const reset = (table: string, name: string): string => `ALTER TABLE millrace.${table} RESET SETTING ${name}`;

/** The first table of the chain, and the last: there the insert has reached some tables already when it fails. */
test.each([
  [
    'out of disk',
    setting('readings_raw', 'min_free_disk_bytes_to_perform_insert', '1e18'),
    reset('readings_raw', 'min_free_disk_bytes_to_perform_insert'),
    /the disk is full \(code 243\)/,
  ],
  [
    'too many parts in the last tier',
    setting('readings_1h_state', 'parts_to_throw_insert', '1'),
    reset('readings_1h_state', 'parts_to_throw_insert'),
    /too many parts \(code 252\)/,
  ],
  [
    'read-only in the middle tier',
    setting('readings_1m_state', 'table_readonly', '1'),
    reset('readings_1m_state', 'table_readonly'),
    /a table is read-only \(code 774\)/,
  ],
  [
    'a constraint',
    "ALTER TABLE millrace.readings_raw ADD CONSTRAINT never CHECK tenant != 'acme'",
    'ALTER TABLE millrace.readings_raw DROP CONSTRAINT never',
    /code 469/,
  ],
  [
    'a table taken away',
    'RENAME TABLE millrace.readings_1h_state TO millrace.away',
    'RENAME TABLE millrace.away TO millrace.readings_1h_state',
    /a table is missing \(code 60\)/,
  ],
])('%s: waits, and goes on when it is mended', async (_, breakIt, mendIt, reason) => {
  await bed.execute(breakIt);
  try {
    await produce();
    await waitsFor(reason);
  } finally {
    await bed.execute(mendIt);
  }
  await everythingIsIn();
});
