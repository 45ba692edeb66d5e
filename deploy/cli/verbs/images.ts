/** Verbs about images for devices. */
import type * as ImageModule from '../commands/image';
import { load, type Verbs } from '../load';
import { collect } from './devices';

const image = (): typeof ImageModule => load('./commands/image') as typeof ImageModule;

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
