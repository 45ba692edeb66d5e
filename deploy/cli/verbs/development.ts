/** Verbs for those who work on the platform, or on an agent's profile. */
import type * as AuditModule from '../commands/audit';
import type * as RunModule from '../commands/run';
import { completion, SHELLS } from '../commands/completion';
import type * as TestModule from '../commands/test';
import { load, type Verbs } from '../load';

const runner = (): typeof RunModule => load('./commands/run') as typeof RunModule;

const AGENT_VERBS = [
  ['run', 'run an agent in the foreground'],
  ['validate', 'check a profile and say what is wrong where'],
  ['dry-run', 'read once from the devices and show the readings; nothing is sent'],
  ['browse', 'what an OPC UA server has, as points of a profile'],
  ['trust', 'the certificate an OPC UA server shows; with --yes, trust it'],
  ['discover', 'BACnet devices that answer Who-Is, as devices of a profile'],
  ['import-ede', 'objects of a BACnet EDE file as devices of a profile'],
  ['import-dbc', 'signals of a DBC file (CAN) as points of a profile'],
  ['profile', 'push FILE, show or withdraw --agent ID: what the platform desires of an agent'],
  ['enroll', 'get a certificate with a claim code; the key never leaves the machine'],
  ['renew', 'get the next certificate now; a working agent does so by itself in time'],
  ['export-csv', 'the points of a model or device of a profile as a tag list'],
  ['outbox', 'what the outbox of a stopped agent holds and has accepted'],
] as const;

export function addDevelopmentCommands(verbs: Verbs): void {
  const { program, run } = verbs;
  addAgent(verbs);
  program
    .command('test')
    .description('build, type check, lint, then unit, component and end-to-end tests')
    .argument('[jest...]', 'files or options for jest; the checks are left out then')
    .option('--unit', 'only what needs no components')
    .allowUnknownOption()
    .action((args: string[], o: TestModule.TestOptions) =>
      run((c) => (load('./commands/test') as typeof TestModule).test(c, args, o)),
    );
  program
    .command('audit')
    .description('known holes in the libraries of a release, beside the list of what was accepted')
    .option('--report <file>', 'what `npm audit --omit=dev --json` printed elsewhere')
    .action((o: AuditModule.AuditOptions) => run((c) => (load('./commands/audit') as typeof AuditModule).audit(c, o)));
  for (const [collection, description] of [
    ['bench', 'measure; without a name, list what can be measured'],
    ['chaos', 'kill processes and count what is lost; without a name, list the runs'],
  ] as const)
    program
      .command(collection)
      .description(description)
      .argument('[name]')
      .argument('[options...]', 'passed on: --json, --seed N, --kills N, ...')
      .allowUnknownOption()
      .action((name: string | undefined, args: string[]) => run((c) => runner().runOne(c, collection, name, args)));
  program
    .command('completion')
    .description('shell completion: source <(millrace completion bash)')
    .argument('<shell>', SHELLS.join(', '))
    .action((shell: string) => run((c) => Promise.resolve(c.io.out(completion(program, shell))).then(() => 0)));
}

function addAgent({ program, run }: Verbs): void {
  const group = program.command('agent').description('the edge agent and its profiles');
  for (const [verb, description] of AGENT_VERBS)
    group
      .command(verb)
      .description(description)
      .argument('[options...]', '--profile FILE, --data DIR and the agent’s own')
      .allowUnknownOption()
      .helpOption(false)
      .action((args: string[]) => run((c) => runner().agent(c, verb, args)));
}
