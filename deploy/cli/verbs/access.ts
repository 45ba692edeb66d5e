/** Verbs about who may use the platform. */
import type * as IdentityModule from '../commands/identity';
import type * as PseudonymModule from '../commands/pseudonym';
import type * as RunModule from '../commands/run';
import type * as TokenModule from '../commands/token';
import { load, type Verbs } from '../load';

const token = (): typeof TokenModule => load('./commands/token') as typeof TokenModule;

const identity = (): typeof IdentityModule => load('./commands/identity') as typeof IdentityModule;
const pseudonym = (): typeof PseudonymModule => load('./commands/pseudonym') as typeof PseudonymModule;
const runner = (): typeof RunModule => load('./commands/run') as typeof RunModule;

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export function addAccessCommands(verbs: Verbs): void {
  addToken(verbs);
  addIdentity(verbs);
  addPseudonym(verbs);
}

function addToken({ program, run }: Verbs): void {
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

function addIdentity({ program, run }: Verbs): void {
  const group = program.command('identity').description('certificates of agents and devices');
  group
    .command('claim')
    .argument('<agent|device>')
    .argument('<id>')
    .description('a code with which it enrolls once; shown once')
    .option('--minutes <count>', 'until it expires, at most 10080 (default: 60)')
    .option('--json', 'for programs')
    .action((kind: string, id: string, o: IdentityModule.ClaimOptions) => run((c) => identity().claim(c, kind, id, o)));
  group
    .command('list')
    .description('who is certified, until when')
    .option('--json', 'for programs')
    .action((o: IdentityModule.Json) => run((c) => identity().list(c, o)));
  group
    .command('revoke')
    .argument('<agent|device>')
    .argument('<id>')
    .description('refuse its certificates at the API and at the broker')
    .option('--reason <text>', 'kept in its history')
    .option('--json', 'for programs')
    .action((kind: string, id: string, o: IdentityModule.RevokeOptions) =>
      run((c) => identity().revoke(c, kind, id, o)),
    );
  for (const [verb, of, description] of [
    ['enroll', 'enroll', 'get a certificate with a claim code, as an agent does'],
    ['rotate', 'renew', 'get the next certificate with the present one'],
  ] as const)
    group
      .command(verb)
      .description(description)
      .argument('[options...]', '--data DIR, --api ADDRESS, --claim CODE')
      .allowUnknownOption()
      .helpOption(false)
      .action((args: string[]) => run((c) => runner().agent(c, of, args)));
}

function addPseudonym({ program, run }: Verbs): void {
  const group = program
    .command('pseudonym')
    .description('devices whose names say nothing (device register --pseudonym)');
  group
    .command('find')
    .argument('<name>', 'what the device is called')
    .description('the id that it is registered under')
    .option('--json', 'for programs')
    .action((name: string, o: PseudonymModule.Json) => run((c) => pseudonym().find(c, name, o)));
  group
    .command('erase')
    .description('erase the key: nobody finds the device of any name afterwards')
    .option('--confirm', 'it cannot be undone')
    .option('--json', 'for programs')
    .action((o: PseudonymModule.Json & { confirm?: boolean }) => run((c) => pseudonym().erase(c, o)));
}
