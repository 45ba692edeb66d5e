/**
 * The main job on the real thing, as README.md tells it: up, see, query, command, suspend, kill, decommission, down.
 * The steps build on each other; the first failure is the one to look at.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import { type Browser } from 'playwright-core';
import { chromiumPath, launch } from '../support/browser';
import { takeTour, walkScreens } from './support/console';
import { instanceProcesses, listeningOn } from './support/leftovers';
import { Platform, until } from './support/platform';
import { readmeBlocks } from './support/readme';
import { type Missing, traceMissing } from './support/trace-missing';

jest.setTimeout(600_000);

const SELF = new Set(['./millrace up', './millrace test', './millrace down']);
/** Of the plant, and the agent, which tells of itself. */
const DEVICES = ['boiler-1', 'edge-1', 'meter-1', 'pump-1'];

let platform: Platform;
let failed = false;

beforeAll(async () => {
  platform = await Platform.create();
  await platform.up();
});
afterAll(() => platform.destroy());
beforeEach(() => {
  if (failed) throw new Error('an earlier step failed');
});
/** Marks the run as failed so that later steps, which rest on this one, say so at once. */
const step = (name: string, body: () => Promise<void>): void =>
  test(name, async () => {
    try {
      await body();
    } catch (e) {
      failed = true;
      throw e;
    }
  });

interface Frames {
  device_id: string;
  first: number;
  last: number;
  frames: number;
  readings: number;
  distinct: number;
}

const frames = (): Promise<Frames[]> =>
  platform.sql<Frames>(
    `SELECT device_id, toUInt32(min(seq)) AS first, toUInt32(max(seq)) AS last, toUInt32(uniqExact(seq)) AS frames,
       toUInt32(count()) AS readings, toUInt32(uniqExact(seq, metric, ts)) AS distinct
     FROM readings GROUP BY device_id ORDER BY device_id`,
  );

/** Sequence numbers below the last one that are not there, and how many there are now. */
const missing = (): Promise<Missing[]> =>
  platform.sql(
    `SELECT device_id, toUInt32(max(seq)) AS last, arrayFilter(n -> NOT has(groupUniqArray(toUInt32(seq)) AS seen, n), range(1, last)) AS numbers
     FROM readings GROUP BY device_id HAVING notEmpty(numbers) ORDER BY device_id`,
  );

/** Gap-free from 1, nothing twice, in the raw table and in the aggregates made of it. */
async function expectExactlyOnce(): Promise<void> {
  const gone = await missing();
  if (gone.length > 0) throw new Error(await traceMissing(platform, gone));
  const all = await frames();
  expect(all.map((f) => f.device_id)).toEqual(DEVICES);
  for (const f of all) {
    expect(f).toMatchObject({ first: 1, frames: f.last, readings: f.distinct });
  }
  // While readings come, a window is readable a moment after what it was made of.
  await until(windowsAgree, 'windows hold what the readings do', 60_000);
}

async function windowsAgree(): Promise<boolean> {
  const [sums] = await platform.sql<{ raw: number; minutes: number }>(
    `SELECT toUInt32((SELECT count() FROM readings WHERE kind != 'text' AND quality != 'bad' AND value IS NOT NULL)) AS raw,
            toUInt32((SELECT sum(count) FROM readings_1m)) AS minutes`,
  );
  return sums !== undefined && sums.minutes === sums.raw;
}

const grows = async (): Promise<void> => {
  const count = async () => (await frames()).reduce((n, f) => n + f.readings, 0);
  const before = await count();
  await until(async () => (await count()) > before, 'SELECT count() grows', 60_000);
};

step('up prints where things are and how to go on', async () => {
  for (const what of ['API and console', 'ClickHouse', 'curl', 'command send'])
    expect(platform.printed).toContain(what);
  await grows();
});

const blocks = readmeBlocks().filter((b) => !SELF.has(b));
for (const block of blocks)
  step(`README: ${(block.split('\n')[0] as string).slice(0, 70)}`, async () => {
    const { code, stdout, stderr } = await platform.shell(block);
    if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
  });

step('the register holds what the command said, and the command is verified in SQL', async () => {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port: platform.ports['plant'] as number });
  client.setID(1);
  const { data } = await client.readHoldingRegisters(0, 1);
  client.close(() => undefined);
  expect(data).toEqual([720]);
  const [command] = await platform.sql(
    "SELECT state, verified_at IS NOT NULL AS verified FROM commands WHERE name = 'set-setpoint'",
  );
  expect(command).toMatchObject({ state: 'verified' });
});

step('a command the device’s model refuses fails with the reason', async () => {
  const refused = await platform.cli('command', 'send', 'boiler-1', 'set-setpoint', 'value=200');
  expect(refused.code).toBe(1);
  expect(refused.stdout + refused.stderr).toMatch(/95/);
});

step('the decommissioned device is refused, and no longer polled', async () => {
  await until(
    async () => (await platform.cli('device', 'show', 'meter-1', '--json')).stdout.includes('"decommissioned"'),
    'the workflow ends',
    120_000,
  );
  const again = await platform.cli('command', 'send', 'meter-1', 'anything');
  expect(again.code).toBe(1);
  expect((await platform.cli('device', 'activate', 'meter-1')).stderr).toMatch(/decommissioned/);
  const last = async () => (await frames()).find((f) => f.device_id === 'meter-1')?.last;
  const before = await last();
  await new Promise((r) => setTimeout(r, 4_000));
  expect(await last()).toBe(before);
});

/** A machine without a browser says so in the verdict: skipped. */
const browserPath = chromiumPath();
const inBrowser = (name: string, body: (browser: Browser) => Promise<void>): void => {
  if (browserPath === undefined) return test.skip(name, () => undefined);
  step(name, async () => {
    const browser = await launch(browserPath);
    try {
      await body(browser);
    } finally {
      await browser.close();
    }
  });
};

inBrowser('every screen of the console shows what is there, and nobody is shut out', async (browser) => {
  expect(await walkScreens(platform, browser)).toEqual([]);
});

inBrowser('the tour: see a value, query it, change a setpoint, pull the network', async (browser) => {
  expect(await takeTour(platform, browser, () => platform.killAndWait('kafka'))).toEqual([]);
  await expectExactlyOnce();
});

// Where there is a browser, the tour has killed the broker.
for (const name of [...(browserPath === undefined ? ['kafka'] : []), 'projector', 'agent', 'clickhouse'])
  step(`kill -9 of ${name}: SQL holds every reading exactly once`, async () => {
    await platform.killAndWait(name);
    await grows();
    await expectExactlyOnce();
  });

step('kill -9 of the launcher: the next up takes over, nothing is lost', async () => {
  await platform.killLauncher();
  await grows();
  await platform.up();
  expect((await platform.status()).healthy).toBe(true);
  await grows();
  await expectExactlyOnce();
});

step('down leaves nothing: no process, no listener; SQL has what the outbox accepted, to the last frame', async () => {
  for (const device of ['boiler-1', 'pump-1']) expect((await platform.cli('device', 'suspend', device)).code).toBe(0);
  await until(async () => (await outboxDepth()) === 0, 'the outbox is shipped', 60_000);
  await until(async () => ((await platform.process('projector')).lag ?? 1) === 0, 'everything is projected', 60_000);
  const inSql = (await frames()).map((f) => [f.device_id, { seq: f.last, readings: f.readings }]);
  // Of the ports that were chosen some are not needed; somebody else may have them by now.
  const held = listeningOn(Object.values(platform.ports));
  expect(held).toContain(platform.ports['api']);
  expect((await platform.down()).code).toBe(0);
  expect(await instanceProcesses(platform.data)).toEqual([]);
  expect(listeningOn(held)).toEqual([]);
  const outbox = await platform.cli('agent', 'outbox', '--data', join(platform.data, 'agent'), '--json');
  const { counters } = JSON.parse(outbox.stdout) as { counters: Record<string, { seq: number; readings: number }> };
  expect(inSql).toEqual(DEVICES.map((device) => [device, counters[device]]));
});

step('the next up has the same state, and waits for no reading when no device is in service', async () => {
  const seconds = await platform.up();
  process.stderr.write(`up again: ${seconds.toFixed(1)} s\n`);
  await expectExactlyOnce();
  const list = await platform.cli('device', 'list', '--json');
  expect(list.stdout).toMatch(/suspended/);
  expect(readFileSync(join(platform.data, 'run.json'), 'utf8')).not.toMatch(/password"\s*:/i);
});

async function outboxDepth(): Promise<number> {
  const { address } = await platform.process('agent');
  const text = await (await fetch(`${address}/metrics`)).text();
  return [...text.matchAll(/^millrace_outbox_depth\{[^}]*\} (\S+)$/gm)].reduce((n, m) => n + Number(m[1]), 0);
}
