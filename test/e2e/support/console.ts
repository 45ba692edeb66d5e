/** The console over the whole platform: every screen with what is really there, and the tour as a newcomer takes it. */
import { type Browser } from 'playwright-core';
import { ConsolePage, contextOf } from '../../support/browser';
import { type Platform } from './platform';

/** Address, and what README's commands have left there. */
const SCREENS: readonly (readonly [string, string | RegExp])[] = [
  ['/overview', 'acme/springfield'],
  ['/devices', 'meter-1'],
  ['/devices/boiler-1', 'Water temperature at the outlet'],
  ['/devices/boiler-1/values?metric=temperature&range=1d', /readings_1m/],
  ['/devices/boiler-1/commands', 'verified'],
  ['/devices/boiler-1/life', 'activated'],
  ['/devices/boiler-1/twin', /Desired, version/],
  ['/alarms', 'Standing alarms'],
  ['/alarms/journal', 'Journal'],
  ['/commands', 'set-setpoint'],
  ['/campaigns', 'No campaign yet'],
  ['/streams', 'm2m.telemetry'],
  ['/topology', 'device_lifecycle'],
  ['/connections/edge-1', /works by its own file/],
  ['/access', 'device.operate'],
  ['/access/keys', 'scada'],
];

async function signedIn(platform: Platform, browser: Browser): Promise<ConsolePage> {
  const address = (await platform.cli('console')).stdout.trim();
  const { origin, hash } = new URL(address);
  const console = await ConsolePage.open(await contextOf(browser), origin);
  await console.visit(`/overview${hash}`);
  return console;
}

/** What is wrong with the screens: nothing. */
export async function walkScreens(platform: Platform, browser: Browser): Promise<readonly unknown[]> {
  const console = await signedIn(platform, browser);
  await console.page.getByRole('button', { name: 'Close' }).click();
  for (const [address, text] of SCREENS) {
    await console.walk(address);
    await console.says(text);
    await console.picture(`real${address.replace(/\W+/g, '-')}`);
  }
  await console.says('live');
  const found = [...console.complaints, ...(await console.violations())];
  await console.page.context().close();
  return found;
}

/** Each step acts on the platform; `pull` takes its network away, and resolves when the launcher has mended it. */
export async function takeTour(
  platform: Platform,
  browser: Browser,
  pull: () => Promise<void>,
): Promise<readonly string[]> {
  const console = await signedIn(platform, browser);
  const press = (name: string): Promise<void> => console.page.getByRole('button', { name, exact: true }).click();
  await press('Open boiler-1');
  await press('I see it');
  await press('Ask');
  await press('Next');
  await console.page.locator('.tour').getByRole('button', { name: 'Send' }).click();
  await press('Next');
  await console.says('Waiting for you.');
  await pull();
  await console.says('It is back, and no sequence number is missing.');
  await console.picture('real-tour');
  await press('Done');
  await console.says('That was it');
  const { complaints } = console;
  await console.page.context().close();
  return complaints;
}
