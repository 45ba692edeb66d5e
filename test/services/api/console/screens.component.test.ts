/** Every screen of the console in a browser, over an API in memory: what it shows, what it logs, and who can use it. */
import { join } from 'node:path';
import { type Browser, type BrowserContext } from 'playwright-core';
import { projectRoot } from '../../../../schemas/root';
import { chromiumPath, ConsolePage, contextOf, type InPage, launch, OUTPUT } from '../../../support/browser';
import { TOKEN } from '../harness';
import { startWorld, type World } from './world';

jest.setTimeout(120_000);

const builder = jest.requireActual<{
  buildConsole(root: string): string | undefined;
  consoleFresh(root: string): boolean;
}>('../../../../deploy/local/console-build.js');
const path = chromiumPath();
/** A machine without a browser says so in the verdict: skipped. */
const inBrowser = path === undefined ? test.skip : test;

let world: World;
let browser: Browser;
let context: BrowserContext;
let console: ConsolePage;
let talking: NodeJS.Timeout;

beforeAll(async () => {
  if (path === undefined) return;
  if (!builder.consoleFresh(projectRoot())) expect(builder.buildConsole(projectRoot())).toBeUndefined();
  world = await startWorld(200);
  talking = setInterval(() => world.say('boiler-1', 'edge-1'), 300);
  browser = await launch(path);
  context = await contextOf(browser);
  console = await ConsolePage.open(context, world.url);
  await console.visit(`/overview#token=${TOKEN}`);
  // The tour is looked at by itself; it would lie over every picture.
  await console.page.evaluate(() =>
    (globalThis as unknown as InPage).localStorage.setItem('millrace-tour', '0 closed'),
  );
  await console.visit('/overview');
});
afterAll(async () => {
  clearInterval(talking);
  await browser?.close();
  await world?.close();
});

/** Address, and something that is there only when its data is. */
const SCREENS: readonly (readonly [string, string, string | RegExp])[] = [
  ['overview', '/overview', 'acme/springfield'],
  ['devices', '/devices', 'North boiler'],
  ['device-values', '/devices/boiler-1', 'Water temperature at the outlet'],
  ['device-chart', '/devices/boiler-1/values?metric=temperature&range=1d', /readings_1m/],
  ['device-commands', '/devices/boiler-1/commands', 'Sets the wanted water temperature'],
  ['device-alarms', '/devices/boiler-1/alarms', 'overheated'],
  ['device-life', '/devices/boiler-1/life', 'activated'],
  ['device-place', '/devices/boiler-1/place', /Geofences, drawn dashed: springfield-yard/],
  ['device-twin', '/devices/boiler-1/twin', /Desired, version/],
  ['map', '/map', /^\d+ of 200 devices say where they are/],
  ['alarms', '/alarms', 'Alarm flood.'],
  ['alarms-journal', '/alarms/journal', 'waits for a new filter'],
  ['commands', '/commands', 'user:alice'],
  ['command', '/commands/command-1', 'open in Temporal'],
  ['batches', '/batches', 'set-setpoint value=72'],
  ['batch', '/batches/b1', '47 of 100 done, 3 failed'],
  ['schedules', '/schedules', '0 22 * * 1-5'],
  ['campaigns', '/campaigns', '2.4.0'],
  ['campaign', '/campaigns/c1', 'the check after the change failed'],
  ['streams', '/streams', 'm2m.telemetry:2:4711'],
  ['dead-letter', '/streams/dead-letters/m2m.telemetry:2:4711', /cannot be decoded|written by schema/],
  ['topology', '/topology', 'device_lifecycle'],
  ['connections', '/connections', 'edge-4'],
  ['connection', '/connections/edge-1', /version 3 is desired/],
  ['audit', '/access', 'device.operate needs the role operator'],
  ['keys', '/access/keys', 'screen'],
  ['me', '/access/me', 'user:operator'],
];

inBrowser.each(SCREENS)('%s', async (name, address, text) => {
  await console.walk(address);
  await console.says(text);
  await console.says(/data is/);
  await console.picture(name);
  expect(await console.violations()).toEqual([]);
  await console.page.setViewportSize({ width: 420, height: 900 });
  expect(await console.overflows()).toBe(false);
  await console.page.setViewportSize({ width: 1_400, height: 900 });
  expect(console.complaints).toEqual([]);
});

inBrowser('dark, and small', async () => {
  await console.page.emulateMedia({ colorScheme: 'dark' });
  await console.page.setViewportSize({ width: 420, height: 900 });
  for (const address of ['/overview', '/devices/boiler-1', '/alarms']) {
    await console.visit(address);
    await console.says('live');
    await console.picture(`dark-small${address.replaceAll('/', '-')}`);
    expect(await console.violations()).toEqual([]);
  }
  await console.page.setViewportSize({ width: 1_400, height: 900 });
  await console.page.emulateMedia({ colorScheme: 'light' });
});

inBrowser('an address with filters leads to what they leave', async () => {
  await console.visit('/devices?link=offline&agent=edge-1');
  await console.says(/^\d of 200/);
  expect(await console.page.getByRole('row').count()).toBeLessThan(12);
});

inBrowser('the map is drawn, in the dark as well, and what is in view of it is listed', async () => {
  await console.visit('/map');
  await console.says('In view: 150');
  await console.says('Geofences, drawn dashed: springfield-yard');
  const canvas = console.page.locator('.map canvas');
  await canvas.waitFor();
  await console.page.emulateMedia({ colorScheme: 'dark' });
  await canvas.focus();
  await console.page.keyboard.press('Shift+Equal');
  await console.page.keyboard.press('Shift+Equal');
  await console.page.getByText('In view: 150').waitFor({ state: 'detached' });
  await console.picture('map-dark');
  expect(await console.violations()).toEqual([]);
  await console.page.emulateMedia({ colorScheme: 'light' });
  expect(console.complaints).toEqual([]);
});

inBrowser(
  'a browser that draws no maps lists the same devices, and nobody anywhere is told how to be placed',
  async () => {
    const other = await ConsolePage.open(context, world.url);
    await other.page.addInitScript('HTMLCanvasElement.prototype.getContext = () => null;');
    await other.visit(`/map#token=${TOKEN}`);
    await other.says('The map cannot be drawn here: this browser has no WebGL 2');
    await other.says('In view: 150');
    await other.picture('map-none');
    expect(await other.violations()).toEqual([]);
    const nothing = { status: 200, contentType: 'application/json', body: '{"items":[]}' };
    await other.page.route(/positions|devices\?/, (route) => route.fulfill(nothing));
    await other.visit('/map');
    await other.says('No device yet');
    await other.picture('map-empty');
    await other.page.close();
  },
);

inBrowser('values go on by themselves', async () => {
  await console.visit('/devices/boiler-1');
  const value = console.page
    .getByRole('row')
    .filter({ hasText: /^temperature/ })
    .locator('.value');
  const before = (await value.textContent()) ?? '';
  await value.filter({ hasNotText: before }).waitFor();
});

inBrowser('a command is asked back, shows its line of shell, and is sent', async () => {
  await console.visit('/devices/boiler-1/commands');
  await console.page.getByLabel(/^value/).fill('120');
  await console.page.getByRole('button', { name: 'Send …' }).click();
  await console.says('value: from 20 to 95');
  await console.page.getByLabel(/^value/).fill('72');
  await console.page.getByRole('button', { name: 'Send …' }).click();
  await console.says('./millrace command send boiler-1 set-setpoint value=72');
  expect(await console.violations()).toEqual([]);
  await console.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await console.page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(world.started.commands).toMatchObject([{ device_id: 'boiler-1', name: 'set-setpoint', args: '{"value":72}' }]);
});

inBrowser('a batch is stopped with a reason, and a schedule is paused', async () => {
  await console.visit('/batches/b1');
  await console.page.getByRole('button', { name: 'stop' }).click();
  await console.page.getByLabel(/^Reason/).fill('wrong value');
  await console.page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await console.page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(world.started.stops.at(-1)).toMatchObject(['default', 'b1', { reason: 'wrong value' }]);
  await console.visit('/schedules');
  await console.page.getByRole('button', { name: 'pause nightly-0' }).click();
  await console.says('./millrace schedule pause nightly-0');
  expect(await console.violations()).toEqual([]);
  await console.page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click();
});

inBrowser('what cannot be undone wants the name typed', async () => {
  await console.visit('/devices/boiler-1');
  await console.page.getByRole('button', { name: 'decommission' }).click();
  const dialog = console.page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'decommission' });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel('Type boiler-1 to go on').fill('boiler-1');
  expect(await confirm.isDisabled()).toBe(false);
  // While commands are in flight it is asked once more.
  jest.spyOn(world.deps.workflows, 'commandsInFlight').mockResolvedValueOnce(['c-7']);
  await confirm.click();
  await dialog.getByText(/in flight: wait, or ask/).waitFor();
  expect(world.started.decommissions).toEqual([]);
  await dialog.getByRole('button', { name: 'cancel them and decommission' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(world.started.decommissions).toMatchObject([{ device_id: 'boiler-1' }]);
});

inBrowser('an alarm is shelved for a time, with a comment', async () => {
  await console.visit('/alarms');
  await console.page.getByRole('button', { name: 'Shelve overheated of boiler-1' }).click();
  await console.page.getByLabel('Comment').fill('sensor is being changed');
  await console.page.getByRole('dialog').getByRole('button', { name: 'Shelve' }).click();
  await console.page.getByRole('dialog').waitFor({ state: 'detached' });
  const args = { alarm: 'overheated', minutes: 30, comment: 'sensor is being changed' };
  expect(world.started.commands.at(-1)).toMatchObject({ name: 'alarm-shelve', args: JSON.stringify(args) });
  await console.page
    .getByRole('button', { name: /^Unshelve/ })
    .first()
    .click();
  await console.page.getByRole('dialog').getByRole('button', { name: 'Unshelve' }).click();
  await console.page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(world.started.commands.at(-1)).toMatchObject({ name: 'alarm-unshelve' });
});

inBrowser(
  'points are found by the agent or imported, put into the draft, and read before anything is applied',
  async () => {
    await console.visit('/connections/edge-1');
    const { page } = console;
    const editor = page.getByLabel('Profile, YAML');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await console.says('answers the agent, after 12 ms');
    await page.getByRole('button', { name: 'Browse' }).click();
    await console.says('nsu=urn:plant;s=Flow');
    await page.getByLabel('Points are of the device').fill('boiler-9');
    await page.getByRole('button', { name: 'Pick all 2' }).click();
    await page.getByRole('button', { name: 'Put 2 into the profile' }).click();
    await console.says('Put into the text above: points 2, new devices 1');
    expect(await editor.inputValue()).toContain('nsu=urn:plant;s=Flow');
    await page.getByRole('button', { name: 'Take back' }).click();
    const tags = 'tag;address;type;unit\nflow;40001;real;m3/h\n';
    await page
      .getByLabel(/^Import/)
      .setInputFiles({ name: 'tags.csv', mimeType: 'text/csv', buffer: Buffer.from(tags) });
    await console.says('Put into the text above: points 1, new devices 1');
    await page.getByRole('button', { name: 'Validate' }).click();
    await page.getByRole('button', { name: 'Read once' }).click();
    await console.says('2 of 3 points read; silent: boiler-1/flow');
    await console.says('connect ECONNREFUSED 10.0.0.7:4840');
    await console.says('./millrace profile preview my-plant.yaml');
    await page.screenshot({ path: join(OUTPUT, 'connection-draft.png'), fullPage: true });
    expect(await console.violations()).toEqual([]);
    await page.setViewportSize({ width: 420, height: 900 });
    expect(await console.overflows()).toBe(false);
    await page.setViewportSize({ width: 1_400, height: 900 });
    expect(console.complaints).toEqual([]);
  },
);

inBrowser('an agent that works by its own file is asked for it, and a draft is compared with that', async () => {
  await console.visit('/connections/edge-4');
  await console.page.getByRole('button', { name: 'Ask the agent for its file' }).click();
  const editor = console.page.getByLabel('Profile, YAML');
  await editor.and(console.page.locator(':not(:placeholder-shown)')).waitFor();
  await editor.fill((await editor.inputValue()).replace('port: 5020', 'port: 5021'));
  await console.page.getByRole('button', { name: 'Validate' }).click();
  await console.says('-     port: 5020');
  expect(await console.violations()).toEqual([]);
});

inBrowser('a profile is checked, compared and applied', async () => {
  await console.visit('/connections/edge-1');
  const editor = console.page.getByLabel('Profile, YAML');
  const good = await editor.inputValue();
  await editor.fill(good.replace('int16', 'int17'));
  await console.page.getByRole('button', { name: 'Validate' }).click();
  await console.says(/did you mean int16/);
  await editor.fill(good.replace('port: 5020', 'port: 5021'));
  await console.page.getByRole('button', { name: 'Validate' }).click();
  await console.says('+ ');
  await console.picture('connection-diff');
  await console.page.getByRole('button', { name: 'Apply …' }).click();
  await console.page.getByLabel('Type edge-1 to go on').fill('edge-1');
  await console.page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
  await console.says(/version 4 is desired/);
  expect((await world.deps.profiles.find('default', 'edge-1'))?.profile).toContain('port: 5021');
});

inBrowser('a viewer sees that it may not, and a wrong key does not come in', async () => {
  const page = await ConsolePage.open(context, world.url);
  await page.visit('/overview#token=not-a-token');
  await page.says('This token or key is not accepted. Has it expired?');
  await page.picture('sign-in');
  await page.page.getByLabel('Token or API key').fill(world.viewerKey);
  await page.page.getByRole('button', { name: 'Sign in' }).click();
  await page.says('acme/springfield');
  await page.visit('/access');
  await page.says('You may not see or do this');
  await page.picture('no-permission');
  await page.visit('/devices/boiler-1');
  expect(await page.page.getByRole('button', { name: 'decommission' }).isDisabled()).toBe(true);
  expect(page.complaints).toEqual([]);
  await page.page.close();
});

inBrowser('a link that is lost is said, and resumed', async () => {
  await console.visit('/overview');
  await console.says('live');
  world.deps.feed.close();
  await console.says('link lost, trying again');
  await console.says('live');
});

inBrowser('keys lead to screens, and into the list', async () => {
  await console.visit('/overview');
  await console.page.keyboard.press('g');
  await console.page.keyboard.press('d');
  await console.page.waitForURL('**/devices');
  await console.page.keyboard.press('/');
  await console.page.locator('#search:focus').waitFor();
  await console.page.keyboard.type('boiler-1');
  await console.page.waitForURL('**/devices?q=boiler-1');
  await console.says('1 of 200');
  await console.page.keyboard.press('ArrowDown');
  await console.page.locator('[data-row="0"] a:focus').waitFor();
  await console.page.locator('h1').click();
  await console.page.keyboard.press('?');
  const keys = console.page.getByRole('dialog');
  await keys.getByText('Search the devices').waitFor();
  expect(await console.violations()).toEqual([]);
  await console.page.keyboard.press('Escape');
  await keys.waitFor({ state: 'detached' });
});
