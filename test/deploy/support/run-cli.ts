import { run } from '../../../deploy/cli/program';
import { CliError, EXIT, explain } from '../../../deploy/cli/errors';
import { projectRoot } from '../../../schemas/root';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line as main.ts runs it, with the terminal replaced. */
export async function cli(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    outTty: false,
    errTty: false,
    color: { out: false, err: false },
    input: false,
  };
  let code: number;
  try {
    code = await run(argv, { projectRoot: projectRoot(), env, io });
  } catch (e) {
    io.err(explain(e));
    code = e instanceof CliError ? e.exitCode : EXIT.failed;
  }
  return { code, out, err };
}
