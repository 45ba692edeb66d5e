/** `millrace test`: what has to be true of the parts, of the running thing and of the sources. One verdict. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toInstall } from '../../local/backends';
import { ensureComponents } from '../../local/install/ensure';
import { lineOf } from '../../local/install/report';
import { INSTANCE_VARIABLE } from '../../local/supervisor/instance';
import { commandLine } from '../../local/supervisor/process-table';
import { Brood } from '../children';
import { type Context } from '../context';
import { EXIT, explain } from '../errors';
import { duration, styled } from '../io';

export interface TestOptions {
  readonly unit?: boolean;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How long one test may take unless it says otherwise: a hang is to be found, not a busy machine. */
const UNIT_MS = 30_000;
const REAL_THING_MS = 60_000;

interface JestRun {
  readonly name: string;
  readonly projects: readonly string[];
  readonly options: readonly string[];
  /** A run that hangs ends here, as a failure, instead of holding up whoever waits for the verdict. */
  readonly limit_min: number;
  readonly givesWay?: boolean;
}

const SEQUENCE = ['--testSequencer', './test/support/longest-first.js'];

const unit = (workers: number, filter: readonly string[] = []): JestRun => ({
  ...{ name: 'unit', projects: ['unit'], limit_min: 10 },
  options: [...filter, ...SEQUENCE, '--maxWorkers', String(workers), '--testTimeout', String(UNIT_MS)],
});
const UNIT = unit(2);
/** Unit tests that only compute get what the real components leave over, which may be little for minutes. */
const COMPUTED_MS = 900_000;
const COMPUTING: JestRun = {
  ...{ name: 'computing unit', projects: ['unit'], limit_min: 30, givesWay: true },
  options: [
    ...['--filter', './test/support/computing.js', ...SEQUENCE],
    ...['--maxWorkers', '1', '--testTimeout', String(COMPUTED_MS), '--forceExit'],
  ],
};
/** All the others: three files at a time on two processors, for each waits now and then for a socket, a process or a clock. */
const PROMPT = unit(3, ['--filter', './test/support/prompt.js']);
/** Beside the real things, which leave a fifth of two processors: these mostly wait for devices and processes. */
const LIGHT: JestRun = {
  ...{ name: 'light component', projects: ['light'], limit_min: 15 },
  options: [...SEQUENCE, '--maxWorkers', '1', '--testTimeout', String(REAL_THING_MS), '--forceExit'],
};
/**
 * Two files at a time: with three, two cores are so busy that deadlines of commands pass. A connection that a library
 * keeps after its test is over must not keep jest (forceExit); processes are ended by the sweep.
 */
const REAL: JestRun = {
  name: 'component and end-to-end',
  projects: ['component', 'e2e'],
  options: [...SEQUENCE, '--maxWorkers', '2', '--testTimeout', String(REAL_THING_MS), '--forceExit'],
  limit_min: 30,
};

/** The last line on stdout is `N passed, N failed`, with `, N skipped` when there are any; exit 1 when any failed. */
export async function test(context: Context, args: readonly string[], options: TestOptions): Promise<number> {
  const brood = new Brood('test', context.env);
  const suite = new Suite(context, brood);
  try {
    // Named files or jest options: somebody is at work on them and wants their answer, not that of the linters.
    const sources = async (): Promise<void> => (args.length === 0 ? suite.sources() : undefined);
    if (options.unit) await Promise.all([sources(), suite.jest(UNIT, args)]);
    else {
      // Side by side, so that no processor is idle while components are fetched.
      await Promise.all([suite.jest(args.length === 0 ? PROMPT : UNIT, args), suite.components()]);
      // What is read or computed has no deadline: it gives way to the real things, and fills the time that they leave.
      const computing = args.length === 0 ? suite.jest(COMPUTING, args) : undefined;
      await Promise.all([suite.jest(REAL, args), suite.jest(LIGHT, args), computing, sources()]);
    }
  } finally {
    const left = await brood.sweep();
    for (const p of left) context.io.err(`millrace: a test left pid ${p.pid} running: ${commandLine(p.pid)}\n`);
  }
  if (brood.interrupted) suite.add({ passed: 0, failed: 1, skipped: 0 });
  const { passed, failed, skipped } = suite.counts;
  context.io.out(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  if (brood.interrupted) return EXIT.interrupted;
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

class Suite {
  counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  private readonly bin: (name: string, path: string) => string;

  constructor(
    private readonly context: Context,
    private readonly brood: Brood,
  ) {
    this.bin = (name, path) => join(context.projectRoot, 'node_modules', name, path);
  }

  add(more: Counts): void {
    const { passed, failed, skipped } = this.counts;
    this.counts = { passed: passed + more.passed, failed: failed + more.failed, skipped: skipped + more.skipped };
  }

  /** Rules, types and format, two at a time. What is tested was built by the bootstrap, which brought us here. */
  async sources(): Promise<void> {
    const tsc = this.bin('@typescript/native', 'bin/tsc');
    const format = this.check('prettier', [this.bin('prettier', 'bin/prettier.cjs'), '--check', '.']);
    // ESLint looks at each file by itself; the rules that need types are oxlint's, which has the native compiler's.
    await this.check('eslint', [this.bin('eslint', 'bin/eslint.js'), '.', '--max-warnings', '0']);
    await this.check('oxlint', [this.bin('oxlint', 'bin/oxlint'), '--deny-warnings']);
    await this.check('type check', [tsc, '-p', 'tsconfig.json', '--noEmit']);
    // The console has the types of browsers, which nothing else may see.
    await this.check('type check of the console', [tsc, '-p', 'services/api/console/tsconfig.json']);
    await format;
  }

  async components(): Promise<void> {
    const { projectRoot, env, io } = this.context;
    const begun = Date.now();
    try {
      const report: Parameters<typeof ensureComponents>[0]['report'] = (event) => {
        if (event.kind !== 'present') io.err(`    ${lineOf(event)}\n`);
      };
      const marked = { ...env, [INSTANCE_VARIABLE]: this.brood.value };
      await ensureComponents({ projectRoot, want: toInstall(new Set()), env: marked, report });
      this.verdict('components', true, begun);
    } catch (e) {
      this.verdict('components', false, begun, explain(e));
    }
  }

  async jest(
    { name, projects, options, limit_min, givesWay = false }: JestRun,
    args: readonly string[],
  ): Promise<void> {
    if (this.brood.interrupted) return;
    const scratch = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const outputFile = join(scratch, 'jest.json');
    const own = [
      '--selectProjects',
      ...projects,
      ...options,
      '--passWithNoTests',
      '--json',
      '--outputFile',
      outputFile,
    ];
    try {
      this.context.io.err(styled(`\n${name} tests\n`, 'bold', this.context.io.color.err));
      const env = { NODE_ENV: 'test', FORCE_COLOR: this.context.io.color.err ? '1' : '0' };
      const jest = [this.bin('jest', 'bin/jest.js'), ...own, ...args];
      const { code, timedOut } = await this.brood.run(process.execPath, jest, {
        cwd: this.context.projectRoot,
        env,
        givesWay,
        timeout_ms: limit_min * 60_000,
        // --json writes its report to stdout as well when no file is named; with one, stdout stays empty.
      });
      if (timedOut) this.context.io.err(`millrace: the ${name} tests were ended after ${limit_min} min\n`);
      this.add(jestCounts(outputFile, code));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  private async check(name: string, args: readonly string[]): Promise<void> {
    if (this.brood.interrupted) return;
    const begun = Date.now();
    mkdirSync(join(this.context.projectRoot, 'dist'), { recursive: true });
    const { code, output } = await this.brood.run(process.execPath, args, {
      cwd: this.context.projectRoot,
      quiet: true,
      givesWay: true,
    });
    this.verdict(name, code === 0, begun, output);
  }

  private verdict(name: string, good: boolean, begun: number, output = ''): void {
    const { io } = this.context;
    const mark = good ? styled('✓', 'green', io.color.err) : styled('✗', 'red', io.color.err);
    io.err(`  ${mark} ${name.padEnd(16)} ${duration(Date.now() - begun).padStart(9)}\n`);
    if (!good) io.err(`${output.trimEnd()}\n`);
    this.add({ passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 });
  }
}

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that did not even load. */
  readonly numRuntimeErrorTestSuites: number;
}

/** Without a report, or with one that is all well though jest is not, jest itself counts as one failure. */
export function jestCounts(file: string, code: number): Counts {
  let report: JestReport;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
