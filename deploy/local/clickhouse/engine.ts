/** The engine in this process: its connections, pipes, version, and how a query is stopped. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Session } from 'chdb';
import { Connection, DEFAULT_DATABASE } from './connection';
import { type EngineLimits, profileOf, writeEngineConfig } from './engine-config';
import { FrontError } from './errors';
import { MAX_DISCARDED, READ_SLOTS, WRITE_SLOTS } from './limits';
import { quote } from './statement';
import { repairTokens } from './token-repair';

const NONE: ReadonlyMap<string, string> = new Map();

export interface EngineOptions {
  /** Folder of the front: `engine`, `tmp` and the configuration lie in it. */
  readonly dir: string;
  readonly limits: EngineLimits;
  /** Database of requests that name none, once it exists. */
  readonly database: string;
}

export class Engine {
  /** For small questions of the front itself; never waits behind a client. */
  private readonly own: Connection;
  private readonly readers: readonly Connection[];
  private readonly writers: readonly Connection[];
  private readonly pipes: readonly string[];
  private discarded = 0;
  private known = new Map<string, string>();
  version = '';
  /** Deduplication tokens taken back at the start, because their inserts had not come to be. */
  repairedTokens = 0;

  private databaseExists = false;

  private constructor(
    private readonly dir: string,
    private readonly config: string,
    private readonly profile: ReadonlyMap<string, string>,
    private readonly database: string,
  ) {
    this.own = this.connect();
    this.readers = Array.from({ length: READ_SLOTS }, () => this.connect());
    this.writers = Array.from({ length: WRITE_SLOTS }, () => this.connect());
    this.pipes = Array.from({ length: READ_SLOTS }, (_, i) => join(this.temporary, `rows-${i}`));
    execFileSync('mkfifo', ['-m', '600', ...this.pipes]);
  }

  static async open({ dir, limits, database }: EngineOptions): Promise<Engine> {
    mkdirSync(join(dir, 'engine'), { recursive: true });
    rmSync(join(dir, 'tmp'), { recursive: true, force: true });
    mkdirSync(join(dir, 'tmp'), { mode: 0o700 });
    const repaired = repairTokens(join(dir, 'engine'));
    const engine = new Engine(dir, writeEngineConfig(join(dir, 'config'), limits), profileOf(limits), database);
    engine.repairedTokens = repaired;
    engine.version = await engine.ask('SELECT version()');
    const settings = await engine.ask('SELECT name, type FROM system.settings');
    engine.known = new Map(settings.split('\n').map((line) => line.split('\t') as [string, string]));
    return engine;
  }

  /** Folder for data on its way in and answers on their way out; emptied at every start. */
  get temporary(): string {
    return join(this.dir, 'tmp');
  }

  reader(slot: number): Connection {
    return pick(this.readers, slot);
  }

  writer(slot: number): Connection {
    return pick(this.writers, slot);
  }

  pipe(slot: number): string {
    return pick(this.pipes, slot);
  }

  hasSetting(name: string): boolean {
    return this.known.has(name);
  }

  connect(): Connection {
    const session = new Session(join(this.dir, 'engine'), { connectionArgs: [`--config-file=${this.config}`] });
    return new Connection(session, this.profile);
  }

  /** A connection for one use. chdb closes it when no query runs anywhere, so the number of those waiting is bounded. */
  async withFresh<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.discarded >= MAX_DISCARDED)
      throw new FrontError(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${MAX_DISCARDED} connections wait to be closed`,
      );
    const connection = this.connect();
    try {
      return await work(connection);
    } finally {
      this.discard(connection);
    }
  }

  /** chdb puts the closing off until every query under way at this moment has ended. */
  discard(connection: Connection): void {
    this.discarded++;
    void Connection.allQuiet().then(() => this.discarded--);
    connection.close();
  }

  get discardedConnections(): number {
    return this.discarded;
  }

  /** Database of requests that name none: the configured one, or the engine's own before the first migration. */
  async defaultDatabase(): Promise<string> {
    this.databaseExists ||=
      (await this.ask(`SELECT count() FROM system.databases WHERE name = ${quote(this.database)}`)) === '1';
    return this.databaseExists ? this.database : DEFAULT_DATABASE;
  }

  /** The database may have gone. */
  forget(): void {
    this.databaseExists = false;
  }

  /** Answer to a small question, without its last line end. */
  async ask(sql: string): Promise<string> {
    return (await this.own.run(sql, { settings: NONE })).text.toString().replace(/\n$/, '');
  }

  /** Stops a query by the mark it runs under (its log_comment). Does not wait for its end. */
  async kill(mark: string): Promise<void> {
    await this.ask(`KILL QUERY WHERE Settings['log_comment'] = ${quote(mark)} ASYNC`);
  }

  close(): void {
    for (const c of [...this.readers, ...this.writers, this.own]) c.close();
    rmSync(this.temporary, { recursive: true, force: true });
  }
}

function pick<T>(list: readonly T[], slot: number): T {
  const item = list[slot];
  if (item === undefined) throw new Error(`slot ${slot} of ${list.length}`);
  return item;
}
