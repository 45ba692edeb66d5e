/** Verbs about commands to many devices, now or again and again. */
import { type Command } from 'commander';
import type * as BatchModule from '../commands/batch';
import { load, type Verbs } from '../load';
import { collect, withCommandOptions } from './devices';

const batch = (): typeof BatchModule => load('./commands/batch') as typeof BatchModule;

type Reason = { reason?: string };
type Json = { json?: boolean };

export function addBatchCommands({ program, run }: Verbs): void {
  const group = program.command('batch').description('one command to every device that fits');
  withBatch(group.command('send').argument('<name>').argument('[key=value...]', 'arguments'))
    .description('send it at a rate, and tell what came of it; exit 0 when every device did it')
    .option('--no-wait', 'print its id and leave')
    .action((name: string, args: string[], o: BatchModule.BatchOptions) => run((c) => batch().send(c, name, args, o)));
  group
    .command('list')
    .description('newest first, those that run and those the platform still knows of')
    .option('--json', 'for programs')
    .action((o: Json) => run((c) => batch().list(c, o)));
  for (const [verb, description] of [
    ['show', 'how far it has come, and what failed'],
    ['watch', 'follow it to its end'],
  ] as const)
    group
      .command(verb)
      .argument('<id>')
      .description(description)
      .option('--json', 'for programs')
      .action((id: string, o: Json) => run((c) => batch()[verb](c, id, o)));
  group
    .command('stop')
    .argument('<id>')
    .description('begin nothing more, cancel what is under way')
    .option('--reason <text>')
    .action((id: string, o: Reason) => run((c) => batch().stop(c, id, o)));
  addSchedules({ program, run });
}

function addSchedules({ program, run }: Verbs): void {
  const group = program.command('schedule').description('commands that come back');
  withBatch(group.command('add').argument('<id>').argument('<name>').argument('[key=value...]', 'arguments'))
    .description('the devices are found anew each time')
    .requiredOption('--cron <fields>', '"0 22 * * 1-5": minute, hour, day, month, weekday')
    .option('--zone <name>', 'such as Europe/Vienna (default: UTC)')
    .option('--from <time>', 'nothing is begun before')
    .option('--until <time>', 'nothing is begun after')
    .option('--catch-up <time>', 'how late it may still begin after an outage (default: 1m)')
    .option('--note <text>')
    .action((id: string, name: string, args: string[], o: BatchModule.ScheduleOptions) =>
      run((c) => batch().addSchedule(c, id, name, args, o)),
    );
  group
    .command('list')
    .description('with their next times')
    .option('--json', 'for programs')
    .action((o: Json) => run((c) => batch().listSchedules(c, o)));
  for (const verb of ['pause', 'resume'] as const)
    group
      .command(verb)
      .argument('<id>')
      .option('--reason <text>')
      .action((id: string, o: Reason) => run((c) => batch().moveSchedule(c, verb, id, o)));
  group
    .command('remove')
    .argument('<id>')
    .description('what it has begun goes on')
    .action((id: string) => run((c) => batch().removeSchedule(c, id)));
}

/** Which devices, how fast, and in which hours. */
export function withSelection(command: Command): Command {
  return command
    .option('--model <model>')
    .option('--agent <id>')
    .option('--path <prefix>', 'enterprise/site/area/line/cell, from the left')
    .option('--label <key=value>', 'may be repeated; all must match', collect)
    .option('--q <text>', 'part of the id or the name')
    .option('--all', 'every device')
    .option('--rate <n>', 'begun in a second (default: 10)')
    .option('--in-flight <n>', 'under way at once (default: 50)')
    .option('--window <hours>', 'begin devices only then, such as 22:00-05:00 by the clock where each of them is')
    .option('--window-days <days>', 'on which it opens, such as mon,tue (default: all)')
    .option('--window-zone <name>', 'of devices without a label time_zone (default: UTC)')
    .option('--json', 'for programs');
}

const withBatch = (command: Command): Command =>
  withCommandOptions(withSelection(command)).option('--stop-after <n>', 'begin nothing more once so many failed');
