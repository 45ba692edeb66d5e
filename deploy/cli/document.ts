/** Files that users hand over: YAML, which JSON is part of. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { CliError } from './errors';

/** Throws CliError `usage`, naming the operation, for a file that is not there or not YAML. */
export function documentOf(file: string, operation: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0];
    throw new CliError('usage', operation, `cannot read ${file}: ${why}`, 'give a YAML or JSON file', { cause });
  }
}
