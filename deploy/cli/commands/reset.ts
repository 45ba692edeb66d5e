/** Deletes what an instance keeps. The only command that loses data, so it wants to be told twice. */
import { existsSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { down } from './down';

export async function reset(context: Context, options: { confirm?: boolean }): Promise<number> {
  const dir = context.dir();
  const { io } = context;
  if (!existsSync(dir.path)) {
    io.err(`millrace: there is nothing at ${dir.path}\n`);
    return EXIT.ok;
  }
  if (!existsSync(dir.ports) && !existsSync(dir.runFile)) {
    const hint = 'name the directory that was given to `millrace up` (--data DIR)';
    throw new CliError('usage', 'reset', `${dir.path} is no data directory of millrace`, hint);
  }
  if (!options.confirm && !(await confirmed(context, dir.path))) {
    io.err('millrace: nothing was deleted\n');
    return EXIT.usage;
  }
  await down(context);
  rmSync(dir.path, { recursive: true, force: true });
  io.err(`millrace: deleted ${dir.path}\n`);
  return EXIT.ok;
}

async function confirmed(context: Context, path: string): Promise<boolean> {
  if (!context.io.input)
    throw new CliError(
      'usage',
      'reset',
      `reset deletes every reading, command and device of ${path}`,
      'confirm it with --confirm',
    );
  const word = basename(path);
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await ask.question(
      `This deletes every reading, command and device of ${path}.\nType ${word} to go on: `,
    );
    return answer.trim() === word;
  } finally {
    ask.close();
  }
}
