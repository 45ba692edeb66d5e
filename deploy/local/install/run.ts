import { spawn } from 'node:child_process';

export interface RunResult {
  /** null when the program could not be started or was killed by a signal. */
  readonly exitCode: number | null;
  /** The program is not on PATH. */
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the child; that of this process when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeout_ms?: number;
  /** Sends SIGTERM. */
  readonly stop?: AbortSignal;
  /** Only the tail of a program's output is kept. */
  readonly maxOutput_chars?: number;
}

const MAX_OUTPUT_CHARS = 64 * 1024;

/** Runs a program to its end without a shell. Never throws: the caller knows what a failure means. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.env && { env: options.env }),
    });
    // spawn's own `timeout` keeps the process alive for its whole length when the program does not exist
    const timer = options.timeout_ms === undefined ? undefined : setTimeout(() => child.kill(), options.timeout_ms);
    options.stop?.addEventListener('abort', () => child.kill(), { once: true });
    const most = options.maxOutput_chars ?? MAX_OUTPUT_CHARS;
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = tail(stdout + text, most)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = tail(stderr + text, most)));
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ exitCode: null, missing: error.code === 'ENOENT', stdout, stderr: stderr || error.message });
    });
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, missing: false, stdout, stderr });
    });
  });
}

function tail(text: string, most: number): string {
  return text.length > most ? text.slice(-most) : text;
}
