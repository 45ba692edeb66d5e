/** Verbs that start, watch, ask and stop an instance. */
import { optionOf, PUBLIC_PORTS, publicPorts, variableOf } from '../../local/port-plan';
import type * as BackupModule from '../commands/backup';
import type * as ConsoleModule from '../commands/console';
import type * as DownModule from '../commands/down';
import type * as EnvModule from '../commands/env';
import type * as KillModule from '../commands/kill';
import type * as LogsModule from '../commands/logs';
import type * as QueryModule from '../commands/query';
import type * as ResetModule from '../commands/reset';
import type * as StatusModule from '../commands/status';
import type * as UpModule from '../commands/up';
import { load, type Verbs } from '../load';
import { type RawUpOptions } from '../up/options';

const UP_HELP = `
A component that you already run is used instead of ours when its address is set:
  KAFKA_BROKERS  SCHEMA_REGISTRY_URL  CLICKHOUSE_URL  TEMPORAL_ADDRESS

Ports are remembered in the data directory. Examples:
  millrace up                                   everything, with a simulated plant; Ctrl-C stops it
  millrace up --detach                          the same in the background
  millrace up --data /tmp/two --ports auto      a second one beside it
  millrace up --profile my.yaml --no-plant      your own machines`;

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export function addPlatformCommands(verbs: Verbs): void {
  addUp(verbs);
  const { program, run } = verbs;
  program
    .command('down')
    .description('stop everything, also what a killed launcher left')
    .action(() => run((c) => (load('./commands/down') as typeof DownModule).down(c)));
  program
    .command('status')
    .description('every process: pid, state, address, restarts, lag; exit 1 unless all is well')
    .option('--json', 'for programs')
    .action((o: { json?: boolean }) => run((c) => (load('./commands/status') as typeof StatusModule).status(c, o)));
  program
    .command('logs')
    .description('the last lines of all processes, or of those named')
    .argument('[name...]', 'processes')
    .option('-f, --follow', 'go on with what is written from now on')
    .option('-n, --lines <count>', 'lines of each (default: 100)')
    .action((names: string[], o: LogsModule.LogsOptions) =>
      run((c) => (load('./commands/logs') as typeof LogsModule).logs(c, names, o)),
    );
  program
    .command('query')
    .description('ask SQL; a table on a terminal, tab-separated otherwise')
    .argument('<sql>', 'one statement')
    .option('--format <name>', 'any format of ClickHouse: CSV, JSON, Vertical, ...')
    .option('--csv', 'with a header')
    .option('--json', 'one JSON object a line')
    .action((sql: string, o: QueryModule.QueryOptions) =>
      run((c) => (load('./commands/query') as typeof QueryModule).query(c, sql, o)),
    );
  program
    .command('console')
    .description('the address of the console, which signs you in: keep it to yourself')
    .action(() => run((c) => (load('./commands/console') as typeof ConsoleModule).consoleAddress(c)));
  program
    .command('env')
    .description('addresses and secrets for your shell: eval "$(millrace env)"')
    .option('--json', 'for programs')
    .action((o: { json?: boolean }) => run((c) => (load('./commands/env') as typeof EnvModule).env(c, o)));
  program
    .command('kill')
    .description('end a process at once (SIGKILL), to see it come back and nothing get lost')
    .argument('<name>', 'a process as `status` shows it')
    .action((name: string) => run((c) => (load('./commands/kill') as typeof KillModule).kill(c, name)));
  addBackups(verbs);
  program
    .command('reset')
    .description('stop everything and delete the data directory')
    .option('--confirm', 'do not ask')
    .action((o: { confirm?: boolean }) => run((c) => (load('./commands/reset') as typeof ResetModule).reset(c, o)));
}

function addBackups({ program, run }: Verbs): void {
  const backups = (): typeof BackupModule => load('./commands/backup') as typeof BackupModule;
  program
    .command('backup')
    .description('copy what the components keep, as of one moment; they stand still meanwhile')
    .argument('<folder>', 'not there yet; it will hold secrets')
    .option('--json', 'for programs')
    .action((folder: string, o: BackupModule.BackupOptions) => run((c) => backups().backup(c, folder, o)));
  program
    .command('restore')
    .description('put a backup in place of what a stopped instance has; agents ship again what it does not know')
    .argument('<folder>', 'of `millrace backup`')
    .option('--confirm', 'do it')
    .action((folder: string, o: BackupModule.RestoreOptions) => run((c) => backups().restore(c, folder, o)));
}

function addUp({ program, run }: Verbs): void {
  const up = program
    .command('up')
    .description('start the whole platform and wait until readings reach SQL')
    .option('-d, --detach', 'leave it running in the background')
    .option('--no-plant', 'without the simulated plant')
    .option(
      '--secure',
      'Kafka, schema registry and ClickHouse with TLS; rights at the broker; the agent gets a certificate',
    )
    .option('--profile <file>', 'what the agent reads and writes (default: the demo plant)')
    .option('--ports <how>', '"auto": free ports wherever none is chosen')
    .option('--without <name>', 'leave a process out, to run it yourself; may be repeated', collect)
    .option('--no-summary', 'do not print what to try next');
  for (const name of publicPorts) {
    const { standard, what } = PUBLIC_PORTS[name];
    up.option(`${optionOf(name)} <port>`, `${what} (default: ${standard}, env: ${variableOf(name)})`);
  }
  up.addHelpText('after', UP_HELP).action((o: RawUpOptions) =>
    run((c) => (load('./commands/up') as typeof UpModule).up(c, o)),
  );
}
