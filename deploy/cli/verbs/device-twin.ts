/** Verbs about what a device is told to be. */
import { type Command } from 'commander';
import type * as TwinModule from '../commands/device-twin';
import { load, type Verbs } from '../load';

const twin = (): typeof TwinModule => load('./commands/device-twin') as typeof TwinModule;
const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export function addTwinCommands(group: Command, { run }: Pick<Verbs, 'run'>): void {
  group
    .command('update')
    .argument('<id>')
    .description('change what is said about it; what is left out stays')
    .option('--name <text>')
    .option('--model <model>')
    .option('--agent <id>', "agent that reaches it; '' for none")
    .option('--path <path>', 'enterprise/site/area/line/cell')
    .option('--parent <device>', "gateway that it is behind; '' for none")
    .option('--label <key=value>', 'may be repeated; replaces all labels', collect)
    .option('--reason <text>', 'kept in its history')
    .option('--json', 'for programs')
    .action((id: string, o: TwinModule.UpdateOptions) => run((c) => twin().update(c, id, o)));
  group
    .command('replace')
    .argument('<id>')
    .requiredOption('--serial <text>', 'of the new hardware')
    .description('new hardware under the same identity: its history goes on')
    .option('--credential <reference>', 'the old one ends with the old hardware')
    .option('--reason <text>', 'kept in its history')
    .option('--json', 'for programs')
    .action((id: string, o: TwinModule.ReplaceOptions) => run((c) => twin().replace(c, id, o)));
  group
    .command('config')
    .argument('<id>')
    .description('desired and reported configuration, as JSON')
    .action((id: string) => run((c) => twin().config(c, id)));
  group
    .command('configure')
    .argument('<id>')
    .argument('<file>', 'YAML or JSON, the whole configuration')
    .description('desire a configuration')
    .option('--if-version <version>', 'refuse unless the desired one is at this version')
    .action((id: string, file: string, o: TwinModule.ConfigureOptions) => run((c) => twin().configure(c, id, file, o)));
}
