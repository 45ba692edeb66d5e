/** Verbs about messages that could not be processed. */
import type * as DeadLettersModule from '../commands/dead-letters';
import { load, type Verbs } from '../load';

const letters = (): typeof DeadLettersModule => load('./commands/dead-letters') as typeof DeadLettersModule;

export function addDeadLetterCommands({ program, run }: Verbs): void {
  const group = program.command('dead-letters').description('messages that could not be processed');
  group
    .command('list')
    .description('newest first')
    .option('--topic <topic>', 'topic they came from')
    .option('--code <code>', 'unknown-schema, truncated, undecodable, wrong-schema, out-of-range, refused')
    .option('--since <time>', 'refused since: 2h, 7d, or an ISO time')
    .option('--limit <count>', 'default: 100')
    .option('--json', 'for programs')
    .action((o: DeadLettersModule.Filter & DeadLettersModule.Json) => run((c) => letters().list(c, o)));
  group
    .command('show')
    .argument('<message>', 'topic:partition:offset')
    .description('one of them, with its bytes')
    .option('--json', 'for programs')
    .action((message: string, o: DeadLettersModule.Json) => run((c) => letters().show(c, message, o)));
  group
    .command('replay')
    .argument('[message...]', 'topic:partition:offset; or choose by the options')
    .description('send them back to their topics, unchanged, once the cause is mended')
    .option('--topic <topic>')
    .option('--code <code>')
    .option('--since <time>')
    .option('--limit <count>', 'default: 100')
    .option('--dry-run', 'only say which')
    .option('--confirm', 'needed when they are chosen by options')
    .option('--json', 'for programs')
    .action((messages: string[], o: DeadLettersModule.ReplayOptions) => run((c) => letters().replay(c, messages, o)));
}
