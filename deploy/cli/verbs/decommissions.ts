/** Verbs about the end of devices' lives. */
import { type Command } from 'commander';
import type * as DecommissionModule from '../commands/decommission';
import { load, type Verbs } from '../load';

const decommission = (): typeof DecommissionModule => load('./commands/decommission') as typeof DecommissionModule;

const DECISIONS = [
  ['retry', 'the step that waits for somebody is done again'],
  ['go-on', 'on without the step that waits for somebody'],
  ['abandon', 'undo it all; possible until the agent’s profile is changed'],
] as const;

export function addDecommissionCommands({ program, run }: Verbs): void {
  const group = program.command('decommission').description('the end of devices’ lives, step by step');
  const json = (c: Command): Command => c.option('--json', 'for programs');
  json(group.command('start').argument('<id>'))
    .description('begin it, or join the one under way')
    .option('--reason <text>')
    .option('--settle <time>', 'for commands in flight (default: 5m)')
    .option('--flush <time>', 'for the agent to confirm its last data (default: 1d)')
    .option('--when-silent <what>', 'go-on without its word (default), or ask: you decide')
    .option('--export', 'write its whole history into a file first')
    .option('--erase', 'take its name, place and labels off its record')
    .option('--force', 'also with commands in flight: they are cancelled')
    .action((id: string, o: DecommissionModule.StartOptions) => run((c) => decommission().start(c, id, o)));
  json(group.command('list'))
    .description('those under way and those that failed; what waits for somebody says so')
    .action((o: DecommissionModule.Json) => run((c) => decommission().list(c, o)));
  json(group.command('show').argument('<id>'))
    .description('how far it has come')
    .action((id: string, o: DecommissionModule.Json) => run((c) => decommission().show(c, id, o)));
  for (const [verb, description] of DECISIONS)
    json(group.command(verb).argument('<id>'))
      .description(description)
      .option('--reason <text>')
      .action((id: string, o: DecommissionModule.DecideOptions) => run((c) => decommission().decide(c, verb, id, o)));
}
