/**
 * The console at a large plant, in a headless Chromium: 10,000 devices, 500 updates a second, over an API in memory.
 * First useful row, the map, how late the page is for what is due, long tasks, and the heap after a forced collection with
 * its slope.
 *
 *   millrace bench console [--devices 10000] [--per-second 500] [--minutes 2] [--json]
 */
import { parseArgs } from 'node:util';
import { type Page } from 'playwright-core';
import { chromiumPath, ConsolePage, contextOf, launch } from '../support/browser';
import { TOKEN } from '../services/api/harness';
import { startWorld, type World } from '../services/api/console/world';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10000' },
    'per-second': { type: 'string', default: '500' },
    minutes: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const [devices, perSecond, minutes] = [values.devices, values['per-second'], values.minutes].map(Number) as [
  number,
  number,
  number,
];
const BATCH_MS = 50;
const SAMPLE_MS = 5_000;
const MB = 1_048_576;

/** What the page is asked for: the project compiles without the types of browsers. */
interface Measured {
  readonly performance: { now(): number; readonly memory: { readonly usedJSHeapSize: number } };
  readonly tasks: number[];
  readonly late: number[];
  readonly gc?: () => void;
}

void main();

async function main(): Promise<void> {
  const path = chromiumPath();
  if (path === undefined)
    throw new Error('no Chromium: install it (on Debian: apt-get install chromium), or set CHROMIUM');
  const world = await startWorld(devices);
  const browser = await launch(path);
  try {
    const talking = talk(world);
    const context = await contextOf(browser);
    await context.addInitScript({ content: OBSERVER });
    const console = await ConsolePage.open(context, world.url);
    await console.page.goto(`${world.url}/sign-in#token=${TOKEN}`);
    await console.settled();
    const first_row_ms = await firstRow(console.page, world.url);
    const map_ms = await mapDrawn(console);
    await console.walk('/devices');
    const heap = await watch(console.page);
    const { tasks, late } = await console.page.evaluate(() => {
      const measured = globalThis as unknown as Measured;
      return { tasks: measured.tasks, late: measured.late };
    });
    clearInterval(talking);
    report({ first_row_ms, map_ms, tasks, late, heap, complaints: console.complaints });
  } finally {
    await browser.close();
    await world.close();
  }
}

/** Due every 100 ms; what keeps it waiting keeps a click waiting. Bounded by the minutes that the bench runs. */
const OBSERVER = `globalThis.tasks = [];
globalThis.late = [];
let due = performance.now() + 100;
setInterval(() => { const now = performance.now(); globalThis.late.push(Math.max(0, now - due)); due = now + 100; }, 100);
new PerformanceObserver((list) => { for (const e of list.getEntries()) globalThis.tasks.push(e.duration); })
  .observe({ type: 'longtask', buffered: true });`;

function talk(world: World): NodeJS.Timeout {
  let next = 0;
  let owed = 0;
  return setInterval(() => {
    owed += (perSecond * BATCH_MS) / 1_000;
    for (; owed >= 1; owed--) {
      const i = next++ % devices;
      world.say(i === 0 ? 'boiler-1' : `device-${String(i).padStart(5, '0')}`, `edge-${1 + (i % 4)}`);
    }
  }, BATCH_MS);
}

/** From the address to the first row that names a device, by the page's own clock, with nothing in its cache but the scripts. */
async function firstRow(page: Page, url: string): Promise<number> {
  await page.goto(`${url}/devices`, { waitUntil: 'commit' });
  await page.waitForSelector('[data-row="0"] a');
  return page.evaluate(() => (globalThis as unknown as Measured).performance.now());
}

/** From the way to the map until its marks are drawn: every device has a place. */
async function mapDrawn(console: ConsolePage): Promise<number> {
  const begun = performance.now();
  await console.walk('/map');
  await console.says(/devices say where they are/);
  await console.page.waitForSelector('.maplibregl-canvas');
  return performance.now() - begun;
}

/** Heap in bytes after each SAMPLE_MS of looking at the list, scrolling now and then. */
async function watch(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  const heap: number[] = [];
  const samples = Math.max(4, Math.round((minutes * 60_000) / SAMPLE_MS));
  for (let i = 0; i < samples; i++) {
    await page.waitForTimeout(SAMPLE_MS);
    await page.mouse.move(700, 500);
    await page.mouse.wheel(0, i % 2 === 0 ? 4_000 : -4_000);
    await session.send('HeapProfiler.collectGarbage');
    heap.push((await session.send('Runtime.getHeapUsage')).usedSize);
  }
  return heap;
}

interface Findings {
  readonly first_row_ms: number;
  readonly map_ms: number;
  readonly late: readonly number[];
  readonly tasks: readonly number[];
  readonly heap: readonly number[];
  readonly complaints: readonly string[];
}

const mean = (all: readonly number[]): number => all.reduce((n, v) => n + v, 0) / all.length;

const ascending = (all: readonly number[]): number[] => [...all].sort((a, b) => a - b);
const percentile = (all: readonly number[], p: number): number =>
  Math.round(ascending(all)[Math.ceil(all.length * p) - 1] ?? 0);

/** Least squares over samples SAMPLE_MS apart, MB an hour. */
function slope(bytes: readonly number[]): number {
  const [middle, average] = [(bytes.length - 1) / 2, mean(bytes)];
  const [up, across] = bytes.reduce(
    ([a, b], value, i) => [a + (i - middle) * (value - average), b + (i - middle) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return Math.round(((up / across / MB) * 3_600_000 * 10) / SAMPLE_MS) / 10;
}

function report({ first_row_ms, map_ms, tasks, late, heap, complaints }: Findings): void {
  const sorted = ascending(tasks);
  const seconds = (heap.length * SAMPLE_MS) / 1_000;
  // The first quarter fills: each device says its first values in it.
  const settled = heap.slice(Math.ceil(heap.length / 4));
  const half = Math.floor(settled.length / 2);
  const findings = {
    ...{ devices, updates_per_s: perSecond, seconds },
    ...{ first_row_ms: Math.round(first_row_ms), map_ms: Math.round(map_ms) },
    // 95 of 100 of what was due ten times a second was not later than this.
    ...{ late_p95_ms: percentile(late, 0.95), late_p99_ms: percentile(late, 0.99) },
    // The browser tells of tasks over 50 ms only: as many as these in so long.
    long_tasks: sorted.length,
    longest_task_ms: Math.round(sorted.at(-1) ?? 0),
    heap_mb: heap.map((bytes) => Math.round(bytes / MB)),
    heap_slope_mb_per_hour: slope(settled),
    heap_growth_percent: Math.round((mean(settled.slice(half)) / mean(settled.slice(0, half)) - 1) * 1_000) / 10,
    complaints: complaints.length,
  };
  if (values.json) return process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`) as unknown as void;
  for (const [name, value] of Object.entries(findings)) process.stdout.write(`${name.padEnd(20)} ${String(value)}\n`);
}
