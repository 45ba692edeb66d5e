import { run } from './run';

/** Something this machine lacks, and how Debian gives it. */
export interface MissingPrerequisite {
  readonly name: string;
  /** What is wrong, e.g. `not found` or `is 11, 17 or newer is needed`. */
  readonly problem: string;
  readonly remedy: string;
}

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Finds the version in what the command prints. */
  readonly version: RegExp;
  readonly minimum: readonly [major: number, minor: number];
  readonly remedy: string;
}

const CHECKS: readonly Check[] = [
  {
    name: 'node',
    command: 'node',
    args: ['--version'],
    version: /v(\d+)\.(\d+)/,
    minimum: [20, 19],
    remedy: 'install Node 20.19 or newer',
  },
  {
    name: 'java',
    command: 'java',
    args: ['-version'],
    version: /version "(\d+)(?:\.(\d+))?/,
    minimum: [17, 0],
    remedy: 'apt-get install openjdk-17-jre-headless',
  },
  {
    name: 'python3',
    command: 'python3',
    args: ['--version'],
    version: /Python (\d+)\.(\d+)/,
    minimum: [3, 8],
    remedy: 'apt-get install python3',
  },
  {
    name: 'pip',
    command: 'python3',
    args: ['-m', 'pip', '--version'],
    version: /pip (\d+)\.(\d+)/,
    minimum: [20, 0],
    remedy: 'apt-get install python3-pip',
  },
  {
    name: 'git',
    command: 'git',
    args: ['--version'],
    version: /version (\d+)\.(\d+)/,
    minimum: [2, 0],
    remedy: 'apt-get install git',
  },
];

/** Empty when the machine has all that is needed to install and run everything. */
export async function missingPrerequisites(env?: NodeJS.ProcessEnv): Promise<MissingPrerequisite[]> {
  const found = await Promise.all(CHECKS.map((check) => problemOf(check, env)));
  return found.filter((missing) => missing !== undefined);
}

async function problemOf(check: Check, env?: NodeJS.ProcessEnv): Promise<MissingPrerequisite | undefined> {
  const { name, remedy } = check;
  const result = await run(check.command, check.args, { timeout_ms: 20_000, ...(env && { env }) });
  if (result.exitCode !== 0) return { name, problem: 'not found', remedy };
  const match = check.version.exec(`${result.stdout}\n${result.stderr}`);
  if (!match) return { name, problem: 'its version cannot be told', remedy };
  const [major, minor] = [Number(match[1]), Number(match[2] ?? 0)];
  const [wantMajor, wantMinor] = check.minimum;
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return undefined;
  return { name, problem: `is ${major}.${minor}, ${wantMajor}.${wantMinor} or newer is needed`, remedy };
}
