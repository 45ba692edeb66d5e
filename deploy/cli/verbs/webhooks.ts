/** Verbs about addresses to which events are posted. */
import type * as WebhookModule from '../commands/webhook';
import { load, type Verbs } from '../load';

const webhook = (): typeof WebhookModule => load('./commands/webhook') as typeof WebhookModule;

export function addWebhookCommands({ program, run }: Verbs): void {
  const group = program.command('webhook').description('addresses to which events are posted, signed');
  group
    .command('add')
    .argument('<url>', 'https://… or http://…')
    .description('post events there from now on; prints the secret that signs them, once')
    .requiredOption('--on <event...>', 'lifecycle, command, alarm')
    .option('--json', 'for programs')
    .action((url: string, o: WebhookModule.AddOptions) => run((c) => webhook().add(c, url, o)));
  group
    .command('list')
    .description('where events are posted, newest first')
    .option('--json', 'for programs')
    .action((o: WebhookModule.Json) => run((c) => webhook().list(c, o)));
  group
    .command('remove')
    .argument('<id>', 'as list shows it')
    .description('post nothing more there')
    .action((id: string) => run((c) => webhook().remove(c, id)));
}
