/** Which variables a process reads: from the sources it is made of, without starting it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../../schemas/root';

export interface Variables {
  readonly read: ReadonlySet<string>;
  /** Without a default: the process does not start without them. */
  readonly required: ReadonlySet<string>;
}

const NAME = '([A-Z][A-Z0-9_]+)';
const READS = [
  new RegExp(`\\b(?:text|integer|required|passwordIn|file|port)\\(\\s*(?:env,\\s*)?'${NAME}'`, 'g'),
  new RegExp(`\\benv\\['${NAME}'\\]`, 'g'),
  new RegExp(`\\bprocess\\.env\\['${NAME}'\\]`, 'g'),
];
const SECRETS = new RegExp(`\\bsecret\\(env, '${NAME}'`, 'g');
const DESTRUCTURED = /\{ ([A-Z_]+(?::? ?\w*)?(?:, [A-Z_]+(?:: \w+)?)*) \} = env\b/g;
/** In the parts that ask for it at every start: `text` with no fallback, and `required`. */
const REQUIRED = [
  new RegExp(`\\btext\\(\\s*env,\\s*'${NAME}',\\s*'[^']*',?\\s*\\)`, 'g'),
  new RegExp(`(?<=: |= |\\()required\\(env, '${NAME}'`, 'g'),
  new RegExp(`\\brequired\\('${NAME}'\\)`, 'g'),
];
/** Asked for only when another is set. */
const CONDITIONAL = new Set(['KAFKA_SASL_USERNAME', 'OIDC_ISSUER', 'OIDC_AUDIENCE']);

/** `entry` as in the chart: dist/services/api/main.js. */
export function variablesOf(entry: string): Variables {
  const source = entry.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  const files = closure(source);
  // What the entry itself looks for first, it does without.
  const asksFirst = (name: string): boolean => files.get(source)?.includes(`env['${name}'] ?`) ?? false;
  const read = new Set<string>();
  const required = new Set<string>();
  for (const text of files.values()) {
    for (const pattern of READS) for (const [, name = ''] of text.matchAll(pattern)) read.add(name);
    for (const [, name = ''] of text.matchAll(SECRETS)) read.add(name).add(`${name}_FILE`);
    for (const [, names = ''] of text.matchAll(DESTRUCTURED))
      for (const part of names.split(', ')) read.add(part.split(':')[0] ?? '');
    for (const pattern of REQUIRED)
      for (const [, name = ''] of text.matchAll(pattern))
        if (!CONDITIONAL.has(name) && !asksFirst(name)) required.add(name);
  }
  return { read, required };
}

/** The file and all of ours that it imports, by path. */
export function closure(entry: string): Map<string, string> {
  const root = projectRoot();
  const found = new Map<string, string>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    const text = readFileSync(join(root, path), 'utf8');
    found.set(path, text);
    for (const [, specifier = ''] of text.matchAll(/(?:from|import) '(\.[^']+)'/g)) {
      const target = join(dirname(path), specifier);
      const file = [`${target}.ts`, join(target, 'index.ts')].find((f) => existsSync(join(root, f)));
      if (file) queue.push(file);
    }
  }
  return found;
}
