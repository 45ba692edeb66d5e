/**
 * Rehearsed losses on a whole platform of its own, as the runbooks say what to do about them:
 *
 *   node dist/test/chaos/loss.js [--component broker,registry,temporal,backup] [--commands 60] [--json]
 *
 * broker: killed, its data kept. registry: killed and its data gone, restored from a backup taken before. temporal: killed and its
 * database gone while commands are under way. backup: everything killed and all data of the components gone, the log's too; restored from
 * a backup that is older, and the agent ships again what it still has. Exit 1 when a reading or a schema is lost, or when a command is neither settled nor
 * found by the runbook's query.
 */
import { renameSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readRunFile } from '../../deploy/local/supervisor/run-file';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { bodyOf, type Order, orders } from './support/command-orders';
import { Random } from './support/random';
import { exported, held, imported } from './support/registry-backup';

const DEVICES = 20;
const SCAN_MS = 1_000;
const TIMEOUT_MS = 60_000;
const LOOK_MS = 500;
const LIMIT_MS = 120_000;

const { values } = parseArgs({
  options: {
    component: { type: 'string', default: 'broker,registry,temporal,backup' },
    commands: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void (values.json || console.log(line));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Found {
  readonly recovery_s: number;
  /** Must be 0. */
  readonly lost: number;
  readonly [figure: string]: number;
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  let said = false;
  for (; Date.now() < end; await pause(LOOK_MS))
    try {
      if (await check()) return;
    } catch (error) {
      // What is being brought back does not answer yet.
      if (!said) say(`  ${what}: ${String(error).slice(0, 200)}`);
      said = true;
    }
  throw new Error(`${what}: not within ${LIMIT_MS / 1_000} s`);
}

/** kill -9; with `gone` its data is away before the launcher starts it again. Resolves when it is ready again. */
async function lose(instance: Instance, name: string, gone: boolean): Promise<void> {
  const pid = instance.pid(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
  if (gone) renameSync(instance.dir.of(name), `${instance.dir.of(name)}.lost`);
  say(`${name} is killed${gone ? ', and its data is gone' : ''}`);
  const another = (): boolean => instance.pid(name) !== pid && instance.isReady(name);
  await until(`${name} ready again`, () => Promise.resolve(another()));
}

/** Resolves when a reading that was taken after now is in SQL. */
async function readingsFlow(instance: Instance): Promise<void> {
  const since = Date.now();
  await until('readings in SQL', async () => {
    const [row] = await instance.sql<{ at: string }>('SELECT toUnixTimestamp64Milli(max(ts)) AS at FROM readings');
    return Number(row?.at ?? 0) > since;
  });
}

/** Numbers of frames that SQL does not have, as broker-loss.md counts them. */
async function framesMissing(instance: Instance): Promise<number> {
  const [row] = await instance.sql<{ missing: string }>(
    'SELECT sum(expected - frames) AS missing FROM (SELECT device_id, uniqExact(seq) AS frames, max(seq) - min(seq) + 1 AS expected FROM readings GROUP BY device_id)',
  );
  return Number(row?.missing ?? NaN);
}

const one = (key: string, n: number): Order => ({
  ...{ ...(orders(1, DEVICES, TIMEOUT_MS, new Random(1))[0] as Order), key, value: n, timeout_ms: TIMEOUT_MS },
});

async function accepted(instance: Instance, order: Order): Promise<string> {
  const headers = { 'idempotency-key': order.key };
  const { command_id } = await instance.api<{ command_id: string }>(
    ...(['POST', `/devices/${order.device}/commands`, bodyOf(order), headers] as const),
  );
  return command_id;
}

/** A new command is carried out, read back and settled in SQL. */
async function commandsFlow(instance: Instance, key: string): Promise<void> {
  let id: string | undefined;
  await until('a command is taken', async () => (id = await accepted(instance, one(key, 60_000))) !== undefined);
  await until('its outcome is in SQL', async () => {
    const rows = await instance.sql<{ state: string }>(`SELECT state FROM commands WHERE command_id = '${id}'`);
    return rows[0]?.state === 'verified';
  });
}

async function broker(instance: Instance): Promise<Found> {
  const begun = Date.now();
  await lose(instance, 'kafka', false);
  const back_s = (Date.now() - begun) / 1_000;
  await readingsFlow(instance);
  const recovery_s = (Date.now() - begun) / 1_000;
  await commandsFlow(instance, 'after-broker');
  await until('every number once', async () => (await framesMissing(instance)) === 0);
  return { back_s, recovery_s, lost: await framesMissing(instance) };
}

async function registry(instance: Instance): Promise<Found> {
  const url = instance.facts['SCHEMA_REGISTRY_URL'] ?? '';
  const before = await held(url);
  const backup = await exported(url);
  const begun = Date.now();
  await lose(instance, 'schema-registry', true);
  const empty = await held(url);
  if (empty.length > 0) throw new Error(`nothing was lost: ${empty.length} schemas are still there`);
  await imported(url, backup);
  const after = new Set((await held(url)).map((h) => JSON.stringify(h)));
  const lost = before.filter((h) => !after.has(JSON.stringify(h))).length;
  const restored_s = (Date.now() - begun) / 1_000;
  // A projector that starts now knows no schema: it must get each by the id that the messages name.
  await lose(instance, 'projector', false);
  await readingsFlow(instance);
  const recovery_s = (Date.now() - begun) / 1_000;
  await commandsFlow(instance, 'after-registry');
  return { schemas: before.length, restored_s, recovery_s, lost };
}

/** Settled, and what temporal-loss.md lists as settled by nobody. */
const OPEN = "state IN ('issued', 'delivered', 'executed')";

async function temporal(instance: Instance): Promise<Found> {
  const all = orders(Number(values.commands), DEVICES, TIMEOUT_MS, new Random(1));
  const ids: string[] = [];
  const sent = Promise.allSettled(
    all.map(async (order, n) => {
      // One after the other, so that some are done, some under way and some not yet taken when Temporal goes.
      await pause(n * 50);
      ids.push(await accepted(instance, order));
    }),
  );
  while (ids.length < all.length / 2) await pause(LOOK_MS / 10);
  const begun = Date.now();
  await lose(instance, 'temporal', true);
  await sent;
  await commandsFlow(instance, 'after-temporal');
  const recovery_s = (Date.now() - begun) / 1_000;
  // Past every deadline nothing more is done about those that were lost with the database.
  await pause(TIMEOUT_MS);
  const rows = await instance.sql<{ command_id: string; state: string; open: number }>(
    `SELECT command_id, state, ${OPEN} AS open FROM commands`,
  );
  const known = new Map(rows.map((r) => [r.command_id, r]));
  const count = (is: (row: (typeof rows)[number] | undefined) => boolean): number =>
    ids.filter((id) => is(known.get(id))).length;
  return {
    ...{ recovery_s, accepted: ids.length, refused: all.length - ids.length },
    settled: count((r) => r !== undefined && !Number(r.open)),
    listed: count((r) => r !== undefined && Boolean(Number(r.open))),
    lost: count((r) => r === undefined),
  };
}

/** Readings and commands between the backup and the loss, ms. */
const AFTER_BACKUP_MS = 20_000;

/** The newest number of each device that SQL has. */
async function newest(instance: Instance): Promise<Map<string, number>> {
  const rows = await instance.sql<{ device_id: string; seq: string }>(
    'SELECT device_id, max(seq) AS seq FROM readings GROUP BY device_id',
  );
  return new Map(rows.map((r) => [r.device_id, Number(r.seq)]));
}

async function backup(instance: Instance): Promise<Found> {
  const folder = `${instance.dir.path}.backup`;
  const taken = JSON.parse(await instance.verb('backup', folder, '--json')) as { paused_ms: number };
  const at_backup = await newest(instance);
  await pause(AFTER_BACKUP_MS);
  await commandsFlow(instance, 'after-backup');
  const before = await newest(instance);
  const commands = await instance.sql<{ n: string }>('SELECT count() AS n FROM commands');
  const begun = Date.now();
  killAll(instance);
  say('everything is killed, and what the components kept is gone');
  await instance.verb('down');
  for (const name of COMPONENTS) rmSync(instance.dir.of(name), { recursive: true, force: true });
  await instance.verb('restore', folder, '--confirm');
  rmSync(folder, { recursive: true, force: true });
  await instance.up();
  const back_s = (Date.now() - begun) / 1_000;
  await readingsFlow(instance);
  const caughtUp = async (): Promise<boolean> => {
    const now = await newest(instance);
    return [...before].every(([device, seq]) => (now.get(device) ?? 0) >= seq) && (await framesMissing(instance)) === 0;
  };
  await until('every number once', caughtUp);
  const recovery_s = (Date.now() - begun) / 1_000;
  const known = await instance.sql<{ n: string }>('SELECT count() AS n FROM commands');
  await commandsFlow(instance, 'after-restore');
  const frames = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((sum, seq) => sum + seq, 0);
  return {
    ...{ paused_ms: taken.paused_ms, back_s, recovery_s, shipped_again: frames(before) - frames(at_backup) },
    ...{ commands_before: Number(commands[0]?.n), commands_known: Number(known[0]?.n) },
    lost: await framesMissing(instance),
  };
}

const COMPONENTS = ['kafka', 'schema-registry', 'temporal', 'clickhouse'];

/** The launcher first, which would start the others again. */
function killAll(instance: Instance): void {
  const run = readRunFile(instance.dir.runFile);
  for (const pid of [run?.launcher.pid, ...COMPONENTS.map((name) => instance.pid(name))])
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

const LOSSES: Readonly<Record<string, (instance: Instance) => Promise<Found>>> = { broker, registry, temporal, backup };

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((n) => !(n in LOSSES));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}: ${Object.keys(LOSSES).join(', ')}`);
  const instance = await Instance.start(loadProfile(DEVICES, SCAN_MS), ['presence']);
  try {
    await readingsFlow(instance);
    const found: Record<string, Found> = {};
    for (const name of names) {
      const figures = await LOSSES[name]?.(instance);
      if (figures) found[name] = figures;
      say(`${name}: ${JSON.stringify(figures)}`);
    }
    if (values.json) console.log(JSON.stringify(found));
    if (Object.values(found).some((f) => f.lost !== 0)) process.exitCode = 1;
  } finally {
    await instance.stop();
  }
}

void main(values.component.split(','));
