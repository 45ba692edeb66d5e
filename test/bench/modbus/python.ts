/** The Python contender's libraries, in the project's own folder. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';

const REQUIREMENTS = ['pymodbus==3.16.1', 'aiokafka==0.12.0'];

/** Folder for PYTHONPATH; fetched when it is not there yet. */
export function pythonPath(): Promise<string> {
  const folder = join(projectRoot(), '.millrace', 'bench-deps', 'python');
  if (!existsSync(folder))
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, ...REQUIREMENTS], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  return Promise.resolve(folder);
}
