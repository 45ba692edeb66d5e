/** Verbs about devices and the commands sent to them, over the REST API. */
import { type Command } from 'commander';
import type * as CommandModule from '../commands/command';
import type * as DeviceModule from '../commands/device';
import type * as ListsModule from '../commands/lists';
import type * as RunModule from '../commands/run';
import type * as ImportModule from '../commands/device-import';
import { load, type Verbs } from '../load';
import { addTwinCommands } from './device-twin';

const device = (): typeof DeviceModule => load('./commands/device') as typeof DeviceModule;
const command = (): typeof CommandModule => load('./commands/command') as typeof CommandModule;

export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const MOVES: readonly (readonly [DeviceModule.Move, string])[] = [
  ['provision', 'give a registered device its credentials'],
  ['activate', 'let a provisioned device work'],
  ['suspend', 'stop polling it and refuse commands until it is resumed'],
  ['resume', 'end a suspension'],
  ['quarantine', 'shut it away, with a --reason; agents neither poll nor write it'],
  ['release', 'end a quarantine; it is suspended then'],
  ['decommission', 'end its life; it is refused from then on'],
];

export function addDeviceCommands(verbs: Verbs): void {
  addDevice(verbs);
  addCommand(verbs);
}

function addDevice({ program, run }: Verbs): void {
  const group = program.command('device').description('devices and their lives');
  group
    .command('list')
    .description('all devices, or those that fit')
    .option('--state <state>', 'registered, provisioned, active, suspended, ...')
    .option('--model <model>')
    .option('--agent <id>')
    .option('--path <prefix>', 'enterprise/site/area/line/cell, from the left')
    .option('--parent <device>', 'gateway that they are behind')
    .option('--label <key=value>', 'may be repeated; all must match', collect)
    .option('--q <text>', 'part of the id or the name')
    .option('--limit <count>')
    .option('--json', 'for programs')
    .action((o: DeviceModule.ListOptions) => run((c) => device().list(c, o)));
  group
    .command('show')
    .argument('<id>')
    .description('one device')
    .option('--at <time>', 'as it was then: ISO 8601')
    .option('--json', 'for programs')
    .action((id: string, o: DeviceModule.ShowOptions) => run((c) => device().show(c, id, o)));
  group
    .command('register')
    .argument('<id>')
    .description('make a device known')
    .option('--name <text>')
    .option('--model <model>')
    .option('--agent <id>', 'agent that reaches it')
    .option('--path <path>', 'enterprise/site/area/line/cell')
    .option('--parent <device>', 'gateway that it is behind')
    .option('--label <key=value>', 'may be repeated', collect)
    .option('--pseudonym', 'under an id that says nothing, which is printed')
    .option('--json', 'for programs')
    .action((id: string, o: DeviceModule.RegisterOptions) => run((c) => device().register(c, id, o)));
  group
    .command('import')
    .argument('<file>', 'NDJSON (one device a line), or .csv with a header; - reads NDJSON from stdin')
    .description('register many; the same file again changes nothing')
    .option('--until <state>', 'registered, provisioned or active', 'registered')
    .option('--reason <text>', 'kept in their histories')
    .option('--json', 'a result a line, for programs')
    .action((file: string, o: ImportModule.ImportOptions) =>
      run((c) => (load('./commands/device-import') as typeof ImportModule).importDevices(c, file, o)),
    );
  for (const [step, description] of MOVES) {
    const verb = group.command(step).argument('<id>').description(description);
    verb.option('--reason <text>', 'kept in its history').option('--json', 'for programs');
    if (step === 'decommission') verb.option('--force', 'also with commands in flight: they are cancelled');
    verb.action((id: string, o: DeviceModule.MoveOptions) => run((c) => device().move(c, step, id, o)));
  }
  addTwinCommands(group, { run });
  group
    .command('verify')
    .description('fold every life in the log, and compare with states and SQL; exit 1 when they differ')
    .action(() => run((c) => (load('./commands/run') as typeof RunModule).verifyDevices(c)));
  group
    .command('history')
    .argument('<id>')
    .description('every event of its life')
    .option('--json', 'for programs')
    .action((id: string, o: DeviceModule.Json) => run((c) => device().history(c, id, o)));
}

function addCommand({ program, run }: Verbs): void {
  const group = program.command('command').description('commands to devices; the outcome is always known');
  const sending = group
    .command('send')
    .argument('<device>')
    .argument('<name>', 'as the profile calls it')
    .argument('[key=value...]', 'arguments')
    .description('send a command and wait for its outcome; exit 0 when the device did it');
  withCommandOptions(sending)
    .option('--deadline <time>', 'in place of --timeout: 2026-01-31T18:00:00Z')
    .option('--approval', 'a second person must approve it first')
    .option('--no-wait', 'print its id and leave')
    .option('--json', 'for programs')
    .action((id: string, name: string, args: string[], o: CommandModule.SendOptions) =>
      run((c) => command().send(c, id, name, args, o)),
    );
  group
    .command('show')
    .argument('<id>')
    .description('what became of a command, with times')
    .option('--json', 'for programs')
    .action((id: string, o: { json?: boolean }) => run((c) => command().show(c, id, o)));
  group
    .command('list')
    .argument('[device]')
    .description('commands of a device, or of all in the last week, newest first')
    .option('--state <state>', 'of all devices only: failed, outcome-unknown, ...')
    .option('--limit <count>')
    .option('--json', 'for programs')
    .action((id: string | undefined, o: { state?: string; limit?: string; json?: boolean }) =>
      run((c) =>
        id === undefined ? (load('./commands/lists') as typeof ListsModule).commands(c, o) : command().list(c, id, o),
      ),
    );
  group
    .command('watch')
    .argument('<id>')
    .description('follow a command to its outcome')
    .action((id: string) => run((c) => command().watch(c, id)));
  group
    .command('cancel')
    .argument('<id>')
    .description('exit 0 when it was certainly not carried out')
    .option('--reason <text>')
    .option('--json', 'for programs')
    .action((id: string, o: CommandModule.ReasonOptions) => run((c) => command().cancel(c, id, o)));
  group
    .command('approve')
    .argument('<id>')
    .description('as the second person; it is sent then')
    .option('--remark <text>')
    .option('--json', 'for programs')
    .action((id: string, o: { remark?: string; json?: boolean }) => run((c) => command().approve(c, id, o)));
}

/** How a command is carried out, whether to one device or to many. */
export function withCommandOptions(command: Command): Command {
  return command
    .option('--qos <0|1|2>', '0: at most once, unanswered; 1: until acknowledged; 2: once (default: 1)')
    .option('--timeout <time>', 'until it expires: 500ms, 30s, 5m, 2h, 1d (default: 30s)')
    .option('--priority <n>', '-9 to 9; higher goes first among those that wait for the device')
    .option('--only-if <condition>', 'valve=closed, pressure<3; may be repeated, all must hold', collect)
    .option('--when-awake', 'wait for a device that sleeps, until the deadline')
    .option('--tolerance <n>', 'of the read-back, in engineering units')
    .option('--settle <time>', 'pause between the write and the read-back')
    .option('--dry-run', 'say what it would do now, and write nothing; exit 0 when it would be carried out');
}
