/** A question about a draft, answered by a process of its own: what a draft makes of it costs the working agent nothing. */
import { spawn } from 'node:child_process';
import { MAX_PROBE_BYTES, MAX_PROBE_MS, OPEN_VARIABLE } from '../../schemas/probe';
import { type Env } from '../core/profile/document';
import { type Prober } from './probes';

/** To start, to connect and to close, beside the time it looks, ms. */
const AROUND_MS = 15_000;
const MAX_REASON_BYTES = 16_384;
/** Of the environment, beside what profiles from the platform may use: no secret of the agent. */
const NEEDED = new Set(['PATH', 'HOME', 'TMPDIR', 'TZ', 'NODE_EXTRA_CA_CERTS']);

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Env;
  readonly most_ms?: number;
}

/** `args`: of a program that takes the question on stdin, answers on stdout and says on stderr why it does not. */
export function proberBy({ command, args, env, most_ms = MAX_PROBE_MS + AROUND_MS }: ProcessOptions): Prober {
  const open = Object.entries(env).filter(([name]) => NEEDED.has(name) || OPEN_VARIABLE.test(name));
  return (request) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, { env: Object.fromEntries(open), timeout: most_ms, killSignal: 'SIGKILL' });
      let [answer, reason] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
        if (answer.length > MAX_PROBE_BYTES) child.kill('SIGKILL');
      });
      child.stderr
        .setEncoding('utf8')
        .on('data', (text: string) => (reason += text.slice(0, MAX_REASON_BYTES - reason.length)));
      // It may have ended before it has read the question; its exit says why.
      child.stdin.on('error', () => undefined);
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) return resolve(answer);
        const why = signal === null ? `exit code ${code}` : `it took longer than ${most_ms} ms, or said too much`;
        reject(new Error(reason.trim() || why));
      });
      child.stdin.end(request);
    });
}
