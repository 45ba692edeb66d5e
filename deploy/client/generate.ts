/**
 * Makes deploy/client/generated/api.ts, the types of the client, from services/api/openapi.yaml: `node dist/deploy/client/generate.js`.
 * What it was made of is told in its first line, so that a test can tell without making it again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../schemas/root';

const DESCRIPTION = join('services', 'api', 'openapi.yaml');
export const GENERATED = join('deploy', 'client', 'generated', 'api.ts');

/** What has a default may be left out. */
const OPTIONS = { defaultNonNullable: false };

/** First line of the file that is made of this description. */
export function headerOf(root: string): string {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, DESCRIPTION)))
    .digest('hex');
  return `// Generated from services/api/openapi.yaml (${hash}) by deploy/client/generate.ts. Do not edit.`;
}

async function generate(root: string): Promise<void> {
  const { default: typesOf, astToString } = await import('openapi-typescript');
  const types = astToString(await typesOf(readFileSync(join(root, DESCRIPTION), 'utf8'), OPTIONS));
  const file = join(root, GENERATED);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${headerOf(root)}\n${types}`);
}

if (require.main === module)
  generate(projectRoot()).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
