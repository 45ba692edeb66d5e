import type * as RebuildModule from '../commands/rebuild';
import { load, type Verbs } from '../load';

export function addRebuildCommand({ program, run }: Verbs): void {
  program
    .command('rebuild')
    .description('make the tables anew from the log, beside the old ones, and exchange them; readers notice nothing')
    .option(
      '--from <time|message>',
      'replay from there (ISO time, or topic:partition:offset), take older rows from the old tables; default: all that the log has',
    )
    .option('--accept-differences', 'exchange even when the rebuilt tables hold something else')
    .option('--keep', 'keep the old tables beside the new ones')
    .option('--run <id>', 'go on with a run that was interrupted')
    .action((o: RebuildModule.RebuildOptions) =>
      run((c) => (load('./commands/rebuild') as typeof RebuildModule).rebuild(c, o)),
    );
}
