import type * as RetentionModule from '../commands/retention';
import { load, type Verbs } from '../load';

const retention = (): typeof RetentionModule => load('./commands/retention') as typeof RetentionModule;

export function addRetentionCommands({ program, run }: Verbs): void {
  const group = program.command('retention').description('how long readings and windows are kept, by tier and tenant');
  group
    .command('show')
    .description('what has been set')
    .option('--json', 'for programs')
    .action((o: RetentionModule.ShowOptions) => run((c) => retention().show(c, o)));
  group
    .command('set')
    .argument('<tier>', 'readings, readings_1m or readings_1h (of which days are made)')
    .argument('<days>', 'days kept, or forever')
    .description('keep a tier so long; what is older is deleted')
    .option('--tenant <tenant>', 'for this tenant; default: every tenant without a setting of its own')
    .option('--dry-run', 'only show the statement')
    .option('--confirm', 'needed unless it is kept for ever')
    .action((tier: string, days: string, o: RetentionModule.SetOptions) =>
      run((c) => retention().set(c, tier, days, o)),
    );
}
