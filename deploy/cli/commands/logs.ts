import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, logPath } from '../../local/supervisor/log-file';
import { type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { styled } from '../io';
import { follower } from '../up/detach';

const POLL_MS = 200;
const DEFAULT_LINES = 100;

export interface LogsOptions {
  readonly follow?: boolean;
  readonly lines?: string;
}

export async function logs(context: Context, names: readonly string[], options: LogsOptions): Promise<number> {
  const dir = context.dir().logs;
  const known = existsSync(dir) ? readdirSync(dir).flatMap((f) => (f.endsWith('.log') ? [f.slice(0, -4)] : [])) : [];
  const unknown = names.find((n) => !known.includes(n));
  if (unknown !== undefined || known.length === 0) throw noLog(unknown, known, context);
  const shown = names.length > 0 ? names : known.sort();
  const count = options.lines === undefined ? DEFAULT_LINES : Number(options.lines);
  if (!Number.isInteger(count) || count < 0)
    throw new CliError('usage', 'logs', `--lines ${options.lines} is no number of lines`, 'give 0 or more');
  const writers = shown.map((name) => ({ name, write: writer(context, name, shown.length > 1) }));
  const followers = writers.map(({ name, write }) => follower(logPath(dir, name), write));
  for (const { name, write } of writers)
    for (const line of count ? lastLines(logPath(dir, name), count) : []) write(`${line}\n`);
  while (options.follow) {
    for (const follow of followers) follow();
    await sleep(POLL_MS);
  }
  return EXIT.ok;
}

/** Lines of several processes are told apart by a prefix; half lines wait for their end. */
function writer(context: Context, name: string, prefixed: boolean): (text: string) => void {
  const { io } = context;
  if (!prefixed) return io.out;
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) io.out(`${styled(name.padEnd(16), 'dim', io.color.out)} ${line}\n`);
  };
}

function noLog(name: string | undefined, known: readonly string[], context: Context): CliError {
  if (known.length === 0) {
    const message = `there are no logs in ${context.dir().path}`;
    return new CliError(
      'not-running',
      'logs',
      message,
      'start it with `millrace up`, or name its directory with --data DIR',
    );
  }
  return new CliError('usage', 'logs', `there is no log of ${name}`, `there are: ${[...known].sort().join(', ')}`);
}
