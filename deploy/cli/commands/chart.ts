/** `millrace chart`: what a platform engineer does before installing the chart. Programs are fetched when first needed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cases, ChartError, lint as lintChart, manifests, render, valuesOf } from '../../chart/render';
import { type ChartTools, chartTools } from '../../chart/tools';
import { Validator } from '../../chart/validate';
import { lineOf } from '../../local/install/report';
import { run } from '../../local/install/run';
import { type Context } from '../context';
import { CliError, EXIT } from '../errors';

function tools({ projectRoot, io }: Context): Promise<ChartTools> {
  return chartTools(projectRoot, (event) => {
    if (event.kind !== 'present') io.err(`    ${lineOf(event)}\n`);
  });
}

/** Files of values: those given, or every one of the chart's ci/. */
function filesOf({ projectRoot }: Context, given: readonly string[]): string[] {
  return given.length > 0 ? given.map((f) => resolve(f)) : cases(projectRoot).map((c) => valuesOf(projectRoot, c));
}

/** Renders each file and holds it against the schemas of Kubernetes; exit 1 when anything is wrong. */
export async function validate(context: Context, given: readonly string[]): Promise<number> {
  const { helm, schemas } = await tools(context);
  const validator = new Validator(schemas);
  return each(context, filesOf(context, given), async (file) => {
    await lintChart(helm, context.projectRoot, file);
    const found = manifests(await render(helm, context.projectRoot, file));
    const { problems, unknown } = validator.validate(found);
    if (problems.length > 0) throw new ChartError('validate', problems.join('\n'));
    return `${found.length} manifests${unknown.length > 0 ? `, of their operators: ${unknown.join(', ')}` : ''}`;
  });
}

export async function show(context: Context, file: string): Promise<number> {
  const { helm } = await tools(context);
  context.io.out(await rendered(context, helm, resolve(file)));
  return EXIT.ok;
}

/** Asks a cluster whether it would take each file's manifests; makes nothing there. */
export async function dryRun(
  context: Context,
  given: readonly string[],
  { kubeconfig, namespace }: { kubeconfig: string; namespace: string },
): Promise<number> {
  const { helm, kubectl } = await tools(context);
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-chart-'));
  try {
    return await each(context, filesOf(context, given), async (file) => {
      const path = join(scratch, 'manifests.yaml');
      writeFileSync(path, await rendered(context, helm, file, ['--namespace', namespace]));
      const args = [
        '--kubeconfig',
        resolve(kubeconfig),
        '--namespace',
        namespace,
        'apply',
        '--dry-run=server',
        '-f',
        path,
      ];
      const { exitCode, stdout, stderr } = await run(kubectl, args);
      if (exitCode !== 0) throw new ChartError('dry run', stderr.trim());
      return `${stdout.trim().split('\n').length} accepted by the API server`;
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function rendered({ projectRoot }: Context, helm: string, file: string, more: readonly string[] = []): Promise<string> {
  try {
    readFileSync(file);
  } catch (cause) {
    throw new CliError('usage', 'chart', `cannot read ${file}`, 'give a file of values', { cause });
  }
  return render(helm, projectRoot, file, more);
}

async function each(
  { io }: Context,
  files: readonly string[],
  check: (file: string) => Promise<string>,
): Promise<number> {
  let code: number = EXIT.ok;
  for (const file of files)
    try {
      io.out(`ok      ${file}: ${await check(file)}\n`);
    } catch (error) {
      if (!(error instanceof ChartError)) throw error;
      io.out(`failed  ${file}\n${error.message.replace(/^/gm, '        ')}\n`);
      code = EXIT.failed;
    }
  return code;
}
