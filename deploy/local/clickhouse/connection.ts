/**
 * One connection to the engine: its own settings, database and temporary tables. Connections of one process share the data
 * and run in parallel; chdb serialises only queries bound through its own parameter call, which is not used here.
 */
import type { Session } from 'chdb';
import { quote } from './statement';

/** What the engine counted for a query. */
export interface Counts {
  readonly rows: number;
  readonly bytes: number;
  readonly elapsed_ns: number;
}

export interface RunOptions {
  readonly settings: ReadonlyMap<string, string>;
  /** Left as it is when undefined. */
  readonly database?: string | undefined;
  readonly format?: string;
}

export const DEFAULT_DATABASE = 'default';
/** After a failure nobody knows how far the prologue came: the next query says USE again. */
const UNKNOWN = '';

export class Connection {
  private static readonly underWay = new Set<Promise<unknown>>();

  /** Resolves when every query now under way, on any connection, has ended. */
  static async allQuiet(): Promise<void> {
    await Promise.allSettled([...Connection.underWay]);
  }

  /** Settings changed for the last query, to be put back before the next. */
  private changed: readonly string[] = [];
  private database = DEFAULT_DATABASE;

  constructor(
    private readonly session: Session,
    private readonly profile: ReadonlyMap<string, string>,
  ) {}

  /** Runs one statement. Answers beyond a page belong in INTO OUTFILE: `text` is held in memory. */
  async run(sql: string, options: RunOptions): Promise<Counts & { text: Buffer }> {
    const prologue = this.prologue(options);
    const before = this.changed;
    this.changed = [...new Set([...before, ...options.settings.keys()])];
    const database = options.database ?? this.database;
    this.database = UNKNOWN;
    const result = await Connection.track(
      this.session.queryAsync(prologue + sql, { format: options.format ?? 'TabSeparated' }),
    );
    this.changed = [...options.settings.keys()];
    this.database = database;
    return {
      rows: result.rowsRead,
      bytes: result.bytesRead,
      elapsed_ns: Math.round(result.elapsed * 1e9),
      text: Buffer.from(result.bytes()),
    };
  }

  private static track<T>(query: Promise<T>): Promise<T> {
    const ended = query.finally(() => Connection.underWay.delete(ended));
    Connection.underWay.add(ended);
    return ended;
  }

  close(): void {
    this.session.close();
  }

  /** SET and USE in the same call as the query: one round trip, and a refused setting refuses the query. */
  private prologue({ settings, database }: RunOptions): string {
    const back = this.changed.filter((name) => !settings.has(name));
    const assignments = [
      ...back.map((name) => `${name} = ${this.original(name)}`),
      ...[...settings].map(([name, value]) => `${name} = ${quote(value)}`),
    ];
    const set = assignments.length > 0 ? `SET ${assignments.join(', ')};\n` : '';
    if (database === undefined || database === this.database) return set;
    return `${set}USE \`${database.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\`;\n`;
  }

  private original(name: string): string {
    const value = this.profile.get(name);
    return value === undefined ? 'DEFAULT' : quote(value);
  }
}
