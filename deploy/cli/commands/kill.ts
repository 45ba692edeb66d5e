import { isAlive } from '../../local/supervisor/process-table';
import { type Context, lastRun } from '../context';
import { CliError, EXIT } from '../errors';

/** SIGKILL to one process of the instance; its launcher starts it again. Checked by start time: a reused pid is spared. */
export function kill(context: Context, name: string): Promise<number> {
  const { processes } = lastRun(context);
  const record = processes.find((p) => p.name === name);
  if (!record)
    throw new CliError(
      'usage',
      'kill',
      `there is no process ${name}`,
      `there are: ${processes.map((p) => p.name).join(', ')}`,
    );
  if (!record.id || !isAlive(record.id))
    throw new CliError('not-running', 'kill', `${name} is not running`, 'see `millrace status`');
  process.kill(record.id.pid, 'SIGKILL');
  context.io.err(`millrace: killed ${name} (pid ${record.id.pid})\n`);
  return Promise.resolve(EXIT.ok);
}
