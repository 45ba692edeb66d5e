/** Verbs about who may use the platform. */
import type * as TokenModule from '../commands/token';
import { load, type Verbs } from '../load';

const token = (): typeof TokenModule => load('./commands/token') as typeof TokenModule;

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export function addAccessCommands({ program, run }: Verbs): void {
  const group = program.command('token').description('API keys of machines, and tokens of people');
  group
    .command('create')
    .argument('<name>', 'what it is for')
    .description('an API key for a machine; shown once')
    .requiredOption(
      '--role <role>',
      'viewer, operator, engineer, admin; or role@enterprise/site; may be repeated',
      collect,
    )
    .option('--days <count>', 'until it expires, at most 366 (default: 90)')
    .option('--json', 'for programs')
    .action((name: string, o: TokenModule.CreateOptions) => run((c) => token().create(c, name, o)));
  group
    .command('list')
    .description('the API keys of the tenant, newest first')
    .option('--json', 'for programs')
    .action((o: TokenModule.Json) => run((c) => token().list(c, o)));
  group
    .command('revoke')
    .argument('<id>', 'as list shows it')
    .description('end an API key for good')
    .option('--json', 'for programs')
    .action((id: string, o: TokenModule.Json) => run((c) => token().revoke(c, id, o)));
  group
    .command('issue')
    .argument('<person>')
    .description('a token for a person, for some hours')
    .requiredOption('--role <role>', 'as for create', collect)
    .option('--minutes <count>', 'until it expires, at most 1440 (default: 480)')
    .option('--json', 'for programs')
    .action((person: string, o: TokenModule.IssueOptions) => run((c) => token().issue(c, person, o)));
}
