import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../schemas/root';
import { type SourceFile } from './render';

/** The numbered files of the installation. */
export function sourceFiles(dir = join(projectRoot(__dirname), 'deploy', 'clickhouse')): SourceFile[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => ({ name, text: readFileSync(join(dir, name), 'utf8') }));
}
