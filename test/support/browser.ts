/** A headless Chromium for tests of the console: what a page logs, asks for and violates is kept. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumEnv } from '../../deploy/local/install/chromium';
import { projectRoot } from '../../schemas/root';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--force-color-profile=srgb', '--lang=en-US'],
  // Without a graphics card a map is drawn by the processor, which the browser does only when told so.
  ...['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
];
const LAUNCH_TIMEOUT_MS = 60_000;
const LAYOUT_TIMEOUT_MS = 30_000;

/** Fetching one takes seconds; a network that is away must not hold the tests up for long. */
const FETCH_TIMEOUT_MS = 180_000;
let fetched: { readonly path: string | undefined } | undefined;

/** CHROMIUM, or one of the usual names on PATH, or the one from npm, which is fetched once; undefined when there is none. */
export function chromiumPath(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['CHROMIUM']) return env['CHROMIUM'];
  const folders = (env['PATH'] ?? '').split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((f) => join(f, name))).find((path) => existsSync(path));
  return found ?? (fetched ??= { path: fetchChromium() }).path;
}

/** Which tests are skipped is known when they are listed, and so must this be: it does not return before it is there. */
function fetchChromium(): string | undefined {
  const program = join(projectRoot(), 'dist', 'deploy', 'local', 'install', 'chromium.js');
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const done = spawnSync(process.execPath, [program], {
    stdio: [...stdio],
    encoding: 'utf8',
    timeout: FETCH_TIMEOUT_MS,
  });
  return done.status === 0 ? done.stdout.trim() : undefined;
}

export interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

export const OUTPUT = join(projectRoot(), 'test', 'output', 'console');

/** Beyond it a page is not slow but stuck. */
const PATIENCE_MS = 90_000;

export class ConsolePage {
  /** What the page complained of: errors of scripts, refused by the policy, and requests to other hosts. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly url: string,
  ) {}

  static async open(context: BrowserContext, url: string): Promise<ConsolePage> {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const console = new ConsolePage(page, url);
    page.on('console', (m) => {
      // What the API refuses is shown by the screen; that the browser says so, too, is no error of the page.
      if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) console.complaints.push(m.text());
    });
    page.on('pageerror', (e) => console.complaints.push(String(e)));
    page.on('request', (r) => {
      if (!r.url().startsWith(url) && !r.url().startsWith('data:')) console.complaints.push(`asked for ${r.url()}`);
    });
    return console;
  }

  /** Goes on within the page that is open, as a link does. */
  async walk(path: string): Promise<void> {
    await this.page.evaluate((to) => {
      const { history, dispatchEvent, PopStateEvent } = globalThis as unknown as InPage;
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate'));
    }, path);
    await this.settled();
  }

  /** Follows an address, and waits until nothing is loading. */
  async visit(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.page.waitForSelector('main h1');
    await this.page.waitForSelector('.spinner', { state: 'detached' });
  }

  async says(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Into test/output/console. */
  async picture(name: string): Promise<void> {
    mkdirSync(OUTPUT, { recursive: true });
    await this.page.screenshot({ path: join(OUTPUT, `${name}.png`) });
  }

  /** Serious and critical findings of axe-core. */
  async violations(): Promise<Violation[]> {
    return this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run: (o: object) => Promise<{ violations: AxeViolation[] }> } };
      const { violations } = await axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'],
        resultTypes: ['violations'],
      });
      return violations
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 5).map((n) => n.html.slice(0, 200)) }));
    });
  }

  /** Whether the page stays wider than its window: what is drawn follows the window a moment later. */
  overflows(): Promise<boolean> {
    const fits = (): boolean => {
      const { document, innerWidth } = globalThis as unknown as InPage;
      return document.documentElement.scrollWidth <= innerWidth;
    };
    const options = { timeout: LAYOUT_TIMEOUT_MS };
    return this.page.waitForFunction(fits, undefined, options).then(
      () => false,
      () => true,
    );
  }
}

/** What scripts of tests use of a page: the project compiles without the types of browsers. */
export interface InPage {
  readonly axe: { run(options: object): Promise<{ violations: AxeViolation[] }> };
  readonly document: { readonly documentElement: { readonly scrollWidth: number } };
  readonly innerWidth: number;
  readonly history: { pushState(state: unknown, title: string, path: string): void };
  readonly PopStateEvent: new (type: string) => Event;
  dispatchEvent(event: Event): void;
  readonly localStorage: { setItem(name: string, value: string): void };
}

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    ...{ executablePath, args: ARGUMENTS, timeout: LAUNCH_TIMEOUT_MS },
    env: { ...process.env, ...chromiumEnv(executablePath) },
  });

/** Scripts that the browser itself brings into a page are not subject to the page's policy. */
export async function contextOf(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1_400, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  const axe = readFileSync(join(projectRoot(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
  await context.addInitScript({ content: axe });
  return context;
}
