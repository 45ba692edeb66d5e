import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { dataDir, defaultDataDir } from '../local/data-dir';
import { type Context } from './context';
import { EXIT } from './errors';
import { type Io } from './io';
import { type Verbs } from './load';
import { addAccessCommands } from './verbs/access';
import { addBatchCommands } from './verbs/batches';
import { addChartCommands } from './verbs/chart';
import { addOperationCommands } from './verbs/operations';
import { addPlatformCommands } from './verbs/platform';
import { addDeadLetterCommands } from './verbs/dead-letters';
import { addDecommissionCommands } from './verbs/decommissions';
import { addDefinitionCommands } from './verbs/definitions';
import { addDeviceCommands } from './verbs/devices';
import { addCampaignCommands, addImageCommands } from './verbs/images';
import { addRebuildCommand } from './verbs/rebuild';
import { addRetentionCommands } from './verbs/retention';
import { addDevelopmentCommands } from './verbs/development';
import { addWebhookCommands } from './verbs/webhooks';

/** Where no terminal says how wide it is. */
const HELP_WIDTH = 80;

type Start = Omit<Context, 'dir'>;

interface Options {
  readonly data?: string;
  readonly input: boolean;
  readonly plain?: boolean;
  readonly context?: string;
}

/** Runs one command line; resolves with the exit code. */
export async function run(argv: readonly string[], start: Start): Promise<number> {
  let code: number = EXIT.ok;
  const program = build(start, (exit) => (code = exit));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (e) {
    if (!(e instanceof CommanderError)) throw e;
    return e.exitCode === 0 ? EXIT.ok : EXIT.usage; // commander has said what is wrong
  }
}

export function build(start: Start, exited: (code: number) => void): Command {
  const program = new Command('millrace');
  const { projectRoot, env, io } = start;
  program
    .description('Every reading in SQL exactly once, every command’s outcome known, every device’s life replayable.')
    .version(versionOf(projectRoot), '-V, --version')
    .option('--data <dir>', 'data directory of the instance (default: .millrace/data, env: MILLRACE_DATA)')
    .option('--context <name>', 'platform to speak to, see `context` (env: MILLRACE_CONTEXT)')
    .option('--plain', 'no colour, no drawing: for screen readers and scripts')
    .option('--no-input', 'never ask: fail where a question would be needed')
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => (io.outTty ? process.stdout.columns : HELP_WIDTH),
      getErrHelpWidth: () => (io.errTty ? process.stderr.columns : HELP_WIDTH),
      getOutHasColors: () => io.color.out,
      getErrHasColors: () => io.color.err,
    })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('(see `millrace --help`)')
    .showSuggestionAfterError()
    .exitOverride();
  const context = (): Context => {
    const { data, input, plain, context: remote } = program.opts<Options>();
    const path = data ?? env['MILLRACE_DATA'] ?? defaultDataDir(projectRoot);
    const chosen = remote ?? env['MILLRACE_CONTEXT'];
    const given = { ...(data !== undefined && { dataOption: data }), ...(chosen && { remote: chosen }) };
    return {
      ...start,
      io: { ...(plain ? plainly(io) : io), input: io.input && input },
      dir: () => dataDir(path),
      ...given,
    };
  };
  const verbs: Verbs = { program, run: async (action) => exited(await action(context())) };
  addPlatformCommands(verbs);
  addDeviceCommands(verbs);
  addDecommissionCommands(verbs);
  addAccessCommands(verbs);
  addWebhookCommands(verbs);
  addDefinitionCommands(verbs);
  addBatchCommands(verbs);
  addImageCommands(verbs);
  addCampaignCommands(verbs);
  addOperationCommands(verbs);
  addDeadLetterCommands(verbs);
  addRebuildCommand(verbs);
  addRetentionCommands(verbs);
  addChartCommands(verbs);
  addDevelopmentCommands(verbs);
  return program;
}

const plainly = (io: Io): Io => ({ ...io, outTty: false, errTty: false, color: { out: false, err: false } });

function versionOf(projectRoot: string): string {
  return (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }).version;
}
