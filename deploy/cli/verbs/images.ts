/** Verbs about images for devices. */
import type * as ImageModule from '../commands/image';
import { load, type Verbs } from '../load';
import type * as CampaignModule from '../commands/campaign';
import { withSelection } from './batches';
import type * as ListsModule from '../commands/lists';
import { collect } from './devices';

const image = (): typeof ImageModule => load('./commands/image') as typeof ImageModule;

const campaign = (): typeof CampaignModule => load('./commands/campaign') as typeof CampaignModule;

const ORDERS = [
  ['pause', 'begin nothing more'],
  ['resume', 'go on, also past the failures of a stage that halted'],
  ['retry', 'ask the failed devices of the stage again'],
  ['abort', 'end it, and leave devices as they are'],
  ['roll-back', 'end it, and put back what every device had'],
] as const;

export function addCampaignCommands({ program, run }: Verbs): void {
  const group = program.command('campaign').description('images to many devices, in stages');
  withSelection(group.command('start').argument('<manifest>', 'file with the output of `image add`'))
    .description('exit 0 when every stage is done')
    .option('--retry-of <id>', 'in place of a filter: the devices that failed in a campaign that is over')
    .option('--stages <percents>', 'of the devices, each with those before (default: 1,10,50,100)')
    .option('--soak <time>', 'between stages (default: 1h)')
    .option('--failure-percent <n>', 'of a stage that may fail; more halt it (default: 5)')
    .option('--no-roll-back', 'when it halts, wait for an order')
    .option('--canary <key=value>', 'label of the devices that come first; may be repeated', collect)
    .option('--device-timeout <time>', 'for one device (default: 1h)')
    .option('--bytes-per-second <n>', 'what all downloads together may take, on average')
    .option('--no-wait', 'print its id and leave')
    .action((file: string, o: CampaignModule.StartOptions) => run((c) => campaign().start(c, file, o)));
  group
    .command('list')
    .description('all of them, newest first')
    .option('--limit <count>')
    .option('--json', 'for programs')
    .action((o: { limit?: string; json?: boolean }) =>
      run((c) => (load('./commands/lists') as typeof ListsModule).campaigns(c, o)),
    );
  for (const [verb, description] of [
    ['show', 'how far it has come'],
    ['watch', 'follow it to its end'],
  ] as const)
    group
      .command(verb)
      .argument('<id>')
      .description(description)
      .option('--json', 'for programs')
      .action((id: string, o: { json?: boolean }) => run((c) => campaign()[verb](c, id, o)));
  for (const [verb, description] of ORDERS)
    group
      .command(verb)
      .argument('<id>')
      .description(description)
      .option('--reason <text>')
      .action((id: string, o: { reason?: string }) => run((c) => campaign().order(c, verb, id, o)));
}

export function addImageCommands({ program, run }: Verbs): void {
  program
    .command('image')
    .description('firmware and configurations for devices')
    .command('add')
    .argument('<file>')
    .description('sign and upload an image; prints its signed manifest')
    .requiredOption('--model <model>', 'of the devices it is for')
    .requiredOption('--release <version>')
    .requiredOption('--counter <n>', 'goes up with every release: devices refuse a lower one than they had')
    .option('--expires <time>', 'not installed later than this from now', '365d')
    .option('--kind <kind>', 'firmware or configuration', 'firmware')
    .option('--key <file>', 'private Ed25519 key, PEM; may be repeated (default: that of the instance)', collect)
    .action((file: string, o: ImageModule.AddOptions) => run((c) => image().add(c, file, o)));
}
