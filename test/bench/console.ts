/**
 * The console at a large plant, in a headless Chromium: 10,000 devices, 500 updates a second, over an API in memory.
 * First useful row, long tasks, memory.
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
    const heap = await watch(console.page);
    const tasks = await console.page.evaluate(() => (globalThis as unknown as Measured).tasks);
    clearInterval(talking);
    report({ first_row_ms, tasks, heap, complaints: console.complaints });
  } finally {
    await browser.close();
    await world.close();
  }
}

const OBSERVER = `globalThis.tasks = [];
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
  readonly tasks: readonly number[];
  readonly heap: readonly number[];
  readonly complaints: readonly string[];
}

const mean = (all: readonly number[]): number => all.reduce((n, v) => n + v, 0) / all.length;

function report({ first_row_ms, tasks, heap, complaints }: Findings): void {
  const sorted = [...tasks].sort((a, b) => a - b);
  const seconds = (heap.length * SAMPLE_MS) / 1_000;
  // The first quarter fills: each device says its first values in it.
  const settled = heap.slice(Math.ceil(heap.length / 4));
  const half = Math.floor(settled.length / 2);
  const findings = {
    ...{ devices, updates_per_s: perSecond, seconds },
    first_row_ms: Math.round(first_row_ms),
    // The browser tells of tasks over 50 ms only: as many as these in so long.
    long_tasks: sorted.length,
    longest_task_ms: Math.round(sorted.at(-1) ?? 0),
    heap_mb: heap.map((bytes) => Math.round(bytes / MB)),
    heap_growth_percent: Math.round((mean(settled.slice(half)) / mean(settled.slice(0, half)) - 1) * 1_000) / 10,
    complaints: complaints.length,
  };
  if (values.json) return process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`) as unknown as void;
  for (const [name, value] of Object.entries(findings)) process.stdout.write(`${name.padEnd(20)} ${String(value)}\n`);
}
