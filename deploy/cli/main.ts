/** The command line. Reads the environment and the terminal, and turns errors into words and exit codes. */
import { projectRoot } from '../../schemas/root';
import { CliError, EXIT, explain } from './errors';
import { type Io, wantsColor } from './io';
import { run } from './program';

function terminal(): Io {
  const { env, stdin, stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outTty: stdout.isTTY,
    errTty: stderr.isTTY,
    color: { out: wantsColor(env, stdout.isTTY), err: wantsColor(env, stderr.isTTY) },
    input: stdin.isTTY && !env['CI'],
  };
}

/** A reader that has seen enough (`| head`) is no error. */
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(EXIT.ok);
  throw e;
});
process.stderr.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code !== 'EPIPE') throw e; // a terminal that went away: SIGHUP ends us in order
});

run(process.argv.slice(2), { projectRoot: projectRoot(), env: process.env, io: terminal() }).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(explain(error));
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  },
);
