/** Verbs of a shift: alarms, sessions, what happens, profiles; and which platform is meant. */
import { type Command } from 'commander';
import type * as AlarmModule from '../commands/alarm';
import type * as DraftModule from '../commands/draft';
import type * as ListsModule from '../commands/lists';
import type * as ProfileModule from '../commands/profile';
import type * as RemoteModule from '../commands/remote';
import type * as WatchModule from '../commands/watch';
import { load, type Verbs } from '../load';

const alarm = (): typeof AlarmModule => load('./commands/alarm') as typeof AlarmModule;
const draft = (): typeof DraftModule => load('./commands/draft') as typeof DraftModule;
const lists = (): typeof ListsModule => load('./commands/lists') as typeof ListsModule;
const profile = (): typeof ProfileModule => load('./commands/profile') as typeof ProfileModule;
const remote = (): typeof RemoteModule => load('./commands/remote') as typeof RemoteModule;

type Json = { json?: boolean };
const withJson = (command: Command): Command => command.option('--json', 'for programs');

export function addOperationCommands(verbs: Verbs): void {
  addAlarms(verbs);
  const { program, run } = verbs;
  const session = program.command('session').description('connections of devices to their agents');
  withJson(session.command('list'))
    .description('the present one of each device, or its last')
    .option('--agent <id>')
    .option('--path <prefix>', 'enterprise/site/area/line/cell, from the left')
    .option('--limit <count>')
    .action((o: Parameters<typeof ListsModule.sessions>[1]) => run((c) => lists().sessions(c, o)));
  withJson(program.command('watch'))
    .description('what happens, line by line, as it happens; goes on after a break')
    .option('--device <id>')
    .option('--types <types>', 'reading,lifecycle,command,presence,alarm')
    .option('--count <n>', 'end after so many lines')
    .action((o: WatchModule.WatchOptions) => run((c) => (load('./commands/watch') as typeof WatchModule).watch(c, o)));
  addProfiles(verbs);
  addContexts(verbs);
}

function addAlarms({ program, run }: Verbs): void {
  const group = program.command('alarm').description('alarms of devices');
  const filters = (command: Command): Command =>
    withJson(command.option('--device <id>').option('--limit <count>', 'default: 500'));
  filters(group.command('list'))
    .description('those that are active or not acknowledged, the critical ones first')
    .option('--all', 'those that are over and acknowledged, too')
    .action((o: AlarmModule.ListOptions) => run((c) => alarm().list(c, o)));
  filters(group.command('journal'))
    .description('every transition, newest first')
    .action((o: AlarmModule.ListOptions) => run((c) => alarm().journal(c, o)));
  for (const [what, description] of [
    ['acknowledge', 'say that you have taken note'],
    ['shelve', 'put it aside for a time'],
    ['unshelve', 'take it back'],
  ] as const) {
    const command = withJson(group.command(what).argument('<device>').argument('<alarm>')).description(description);
    if (what === 'shelve') command.option('--for <time>', '30m, 8h (default: 30m)');
    command
      .option('--comment <text>', 'kept with the command')
      .action((d: string, a: string, o: AlarmModule.OrderOptions) => run((c) => alarm().order(c, what, d, a, o)));
  }
}

function addProfiles({ program, run }: Verbs): void {
  const group = program.command('profile').description('what the platform desires of an agent, over the API');
  withJson(group.command('plan').argument('<file>', 'profile, YAML'))
    .description('what would change; exit 0: nothing, 2: something, 1: not valid')
    .action((file: string, o: Json) => run((c) => profile().plan(c, file, o)));
  withJson(group.command('apply').argument('<file>', 'profile, YAML; with tag lists use `agent profile push`'))
    .description('have the agent that it names work by it')
    .action((file: string, o: Json) => run((c) => profile().apply(c, file, o)));
  withJson(group.command('show').argument('<agent>'))
    .description('what is desired of an agent')
    .option('--running', 'ask the agent what it works by, also when that is a file of its own')
    .action((agent: string, o: Json & { running?: boolean }) => run((c) => profile().showDesired(c, agent, o)));
  addDrafts(group, run);
}

function addDrafts(group: Command, run: Verbs['run']): void {
  const asking = (name: string): Command =>
    withJson(group.command(name).argument('<file>', 'profile, YAML'))
      .option('--agent <id>', 'that is asked (default: the one that the profile names)')
      .option('--wait <seconds>', 'how long it looks (default: 5, at most 30)');
  asking('test')
    .description('whether the agent can have a connection of a draft, before it has devices or points; exit 1 when not')
    .option('--connection <name>', 'may be left out when it is the only one')
    .action((file: string, o: DraftModule.ProbeOptions) => run((c) => draft().test(c, file, o)));
  asking('preview')
    .description('have the agent read every point of a draft, beside its work; exit 1 when some are silent')
    .option('--connection <name>', 'only its devices')
    .action((file: string, o: DraftModule.ProbeOptions) => run((c) => draft().preview(c, file, o)));
  asking('browse')
    .description('what is behind a connection of a draft: variables (OPC UA), devices (BACnet), topics (MQTT)')
    .option('--connection <name>', 'may be left out when it is the only one')
    .option('--node <node>', 'where to begin: a node of OPC UA, a topic filter of MQTT')
    .option('--into <device>', 'print the profile with what was found in this device')
    .action((file: string, o: DraftModule.BrowseOptions) => run((c) => draft().browse(c, file, o)));
  group
    .command('import')
    .argument('<file>', 'profile, YAML')
    .description('print a draft with the points of a tag list (CSV), an EDE or a DBC file')
    .requiredOption('--connection <name>', 'of the profile')
    .option('--device <id>', 'that has the points; made when it is not there (an EDE file names its own)')
    .option('--csv <file>')
    .option('--ede <file>', 'main sheet of the set')
    .option('--dbc <file>')
    .option('--agent <id>', 'default: the one that the profile names')
    .option('--write', 'into the file instead')
    .action((file: string, o: DraftModule.ImportOptions) => run((c) => draft().importPoints(c, file, o)));
}

function addContexts({ program, run }: Verbs): void {
  const group = program.command('context').description('which platform the verbs speak to');
  group
    .command('add')
    .argument('<name>')
    .description('remember a platform; the same name again replaces it')
    .requiredOption('--url <address>', 'of its API, https://…')
    .option('--token-file <file>', 'where the token or API key is')
    .option('--token-stdin', 'read it from stdin, and keep it in the file of contexts')
    .option('--clickhouse-url <address>', 'where `millrace query` asks, https://…')
    .option('--clickhouse-user <name>', 'an analyst, who reads one tenant')
    .option('--clickhouse-password-file <file>', 'where the password is')
    .option('--clickhouse-database <name>', 'default: millrace')
    .action((name: string, o: RemoteModule.AddOptions) => run((c) => remote().add(c, name, o)));
  group
    .command('use')
    .argument('<name>', 'one that was added, or local')
    .description('speak to it from now on')
    .action((name: string) => run((c) => remote().use(c, name)));
  withJson(group.command('list'))
    .description('all of them; * is the one in use')
    .action((o: Json) => run((c) => remote().list(c, o)));
  group
    .command('remove')
    .argument('<name>')
    .description('forget it')
    .action((name: string) => run((c) => remote().remove(c, name)));
}
