/** Verbs about device models and groups, over the REST API. */
import type * as DefinitionModule from '../commands/definition';
import { load, type Verbs } from '../load';

const definition = (): typeof DefinitionModule => load('./commands/definition') as typeof DefinitionModule;
const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export function addDefinitionCommands(verbs: Verbs): void {
  const model = addCommon(verbs, 'model', 'models', 'device models: points, commands and the arguments they take');
  model
    .command('put')
    .argument('<name>', 'as devices name it')
    .argument('<file>', 'YAML or JSON: description, points, commands')
    .description('define it, or a new version of it')
    .option('--new', 'refuse when there is one already')
    .action((name: string, file: string, o: DefinitionModule.PutOptions) =>
      verbs.run((c) => definition().putModel(c, name, file, o)),
    );
  model
    .command('import')
    .argument('<file>', 'profile of an agent, YAML')
    .description('define the models of a profile: its points, its commands and their ranges')
    .option('--json', 'for programs')
    .action((file: string, o: { json?: boolean }) => verbs.run((c) => definition().importModels(c, file, o)));
  const group = addCommon(verbs, 'group', 'groups', 'groups: filters with a name');
  group
    .command('put')
    .argument('<name>')
    .description('define it, or a new version of it; all that is given must match')
    .option('--description <text>')
    .option('--state <state>', 'registered, provisioned, active, suspended, ...')
    .option('--model <model>')
    .option('--agent <id>')
    .option('--path <prefix>', 'enterprise/site/area/line/cell, from the left')
    .option('--parent <device>', 'gateway they are behind')
    .option('--label <key=value>', 'may be repeated', collect)
    .option('--q <text>', 'part of the id or the name')
    .option('--new', 'refuse when there is one already')
    .action((name: string, o: DefinitionModule.GroupOptions) => verbs.run((c) => definition().putGroup(c, name, o)));
  group
    .command('members')
    .argument('<name>')
    .description('devices that are in it now')
    .option('--json', 'for programs')
    .action((name: string, o: { json?: boolean }) => verbs.run((c) => definition().members(c, name, o)));
}

function addCommon({ program, run }: Verbs, name: string, of: DefinitionModule.Collection, description: string) {
  const group = program.command(name).description(description);
  group
    .command('list')
    .description('all, by name')
    .option('--json', 'for programs')
    .action((o: { json?: boolean }) => run((c) => definition().list(c, of, o)));
  group
    .command('show')
    .argument('<name>')
    .description('its newest version, as JSON')
    .action((id: string) => run((c) => definition().show(c, of, id)));
  group
    .command('delete')
    .argument('<name>')
    .description('delete it; its versions stay in the log')
    .action((id: string) => run((c) => definition().remove(c, of, id)));
  return group;
}
