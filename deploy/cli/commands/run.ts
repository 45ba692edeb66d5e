/** Verbs that hand over to another program: benchmarks, chaos runs, the agent. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRunFile } from '../../local/supervisor/run-file';
import { Brood } from '../children';
import { type Context, known } from '../context';
import { CliError, EXIT } from '../errors';

export type Collection = 'bench' | 'chaos';

/** Runs dist/test/<collection>/<name>.js with the arguments as given; without a name, lists what there is. */
export async function runOne(
  context: Context,
  collection: Collection,
  name: string | undefined,
  args: readonly string[],
): Promise<number> {
  const dir = join(context.projectRoot, 'dist', 'test', collection);
  const names = existsSync(dir) ? readdirSync(dir).flatMap((f) => (f.endsWith('.js') ? [f.slice(0, -3)] : [])) : [];
  if (name === undefined) {
    if (names.length === 0) context.io.err(`millrace: there is no ${collection} yet\n`);
    context.io.out(
      names
        .sort()
        .map((n) => `${n}\n`)
        .join(''),
    );
    return EXIT.ok;
  }
  if (!names.includes(name))
    throw new CliError(
      'usage',
      collection,
      `there is no ${collection} ${name}`,
      `there are: ${names.join(', ') || 'none'}`,
    );
  return node(context, collection, [join(dir, `${name}.js`), ...args]);
}

/** Verbs that meet the stream: that of the instance, unless the environment names another. */
const ON_STREAM = new Set(['run', 'profile']);
/** Verbs that have a --data of the agent's own. */
const WITH_DATA = new Set(['run', 'outbox', 'enroll', 'renew']);

/** The agent's own verbs. */
export async function agent(context: Context, verb: string, args: readonly string[]): Promise<number> {
  const main = join(context.projectRoot, 'dist', 'edge-agent', 'main.js');
  const facts = ON_STREAM.has(verb) ? (readRunFile(context.dir().runFile)?.facts ?? {}) : {};
  const data = context.dataOption === undefined || !WITH_DATA.has(verb) ? [] : ['--data', context.dataOption];
  return node({ ...context, env: known(facts, context.env) }, 'agent', [main, verb, ...args, ...data]);
}

/** Folds every life in the log and holds it against the states and SQL; exit 1 when they differ. */
export async function verifyDevices(context: Context): Promise<number> {
  const facts = readRunFile(context.dir().runFile)?.facts ?? {};
  const main = join(context.projectRoot, 'dist', 'services', 'registry', 'verify', 'main.js');
  return node({ ...context, env: known(facts, context.env) }, 'verify', [main]);
}

async function node(context: Context, kind: string, args: readonly string[]): Promise<number> {
  const brood = new Brood(kind, context.env);
  try {
    const { code } = await brood.run(process.execPath, args, { data: true });
    return code;
  } finally {
    await brood.sweep();
  }
}
