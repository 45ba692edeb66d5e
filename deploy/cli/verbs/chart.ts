/** Verbs for the Helm chart. */
import type * as ChartModule from '../commands/chart';
import { load, type Verbs } from '../load';

const chart = (): typeof ChartModule => load('./commands/chart') as typeof ChartModule;

export function addChartCommands({ program, run }: Verbs): void {
  const group = program.command('chart').description('the Helm chart: check your values before you install it');
  group
    .command('validate')
    .argument('[values...]', 'files of values; every one of the chart’s ci/ when none is given')
    .description('lint, render, and hold against the schemas of Kubernetes')
    .action((files: string[]) => run((c) => chart().validate(c, files)));
  group
    .command('render')
    .argument('<values>', 'file of values')
    .description('show the manifests')
    .action((file: string) => run((c) => chart().show(c, file)));
  group
    .command('dry-run')
    .argument('[values...]', 'files of values; every one of the chart’s ci/ when none is given')
    .requiredOption('--kubeconfig <file>', 'of the cluster that is asked')
    .option('--namespace <name>', 'where it would be installed', 'millrace')
    .description('ask a cluster whether it would take the manifests; makes nothing there')
    .action((files: string[], o: { kubeconfig: string; namespace: string }) => run((c) => chart().dryRun(c, files, o)));
}
