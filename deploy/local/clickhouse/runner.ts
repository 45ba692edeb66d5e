/** Runs one statement for one user and gives its rows to the answer. */
import { AnalystRules } from './analyst';
import { type Answer } from './answer';
import { type Asked } from './body';
import { type Connection, type Counts, type RunOptions } from './connection';
import { type Engine } from './engine';
import { FrontError } from './errors';
import { Lane } from './lanes';
import { MAX_WAIT_MS, MAX_WAITING, READ_SLOTS, WRITE_SLOTS } from './limits';
import { bindParameters } from './parameters';
import { throughPipe } from './pipe';
import { type QueryRequest } from './request';
import { Sessions } from './sessions';
import { Spool } from './spool';
import { fromFile, intoFile, type Statement } from './statement';
import { type User } from './users';

export interface Job {
  readonly user: User;
  readonly request: QueryRequest;
  readonly asked: Asked;
  readonly answer: Answer;
  /** Marks the query in the engine, so that it can be stopped. */
  readonly mark: string;
  /** Fires when the client goes away. */
  readonly gone: AbortSignal;
}

export interface Ended {
  readonly read: Counts | undefined;
  readonly written: Counts | undefined;
  readonly received_bytes: number;
}

/** Without a session these would only change the connection, for whoever gets it next. */
const CONNECTION_VERBS = new Set(['SET', 'USE', 'BEGIN', 'COMMIT', 'ROLLBACK', 'EXECUTE']);

const KILL_EVERY_MS = 500;

export class Runner {
  readonly lanes = {
    read: new Lane({ name: 'reading', slots: READ_SLOTS, maxWaiting: MAX_WAITING, maxWait_ms: MAX_WAIT_MS }),
    write: new Lane({ name: 'writing', slots: WRITE_SLOTS, maxWaiting: MAX_WAITING, maxWait_ms: MAX_WAIT_MS }),
  };
  readonly sessions: Sessions;
  readonly spool: Spool;
  private readonly analysts: AnalystRules;

  constructor(private readonly engine: Engine) {
    this.sessions = new Sessions(engine);
    this.spool = new Spool(engine.temporary);
    this.analysts = new AnalystRules(engine);
  }

  async run(job: Job): Promise<Ended> {
    const { statement } = job.asked;
    const settings = await this.settingsFor(job);
    const { request } = job;
    const database = request.database ?? (request.session ? undefined : await this.engine.defaultDatabase());
    if (request.safe && statement.kind !== 'output')
      throw new FrontError(
        'READONLY',
        `${job.user.name}: Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries`,
      );
    if (statement.kind === 'output') return this.read(job, statement, { settings, database });
    if (statement.kind === 'data') return this.insert(job, statement, { settings, database });
    return this.command(job, statement, { settings, database });
  }

  close(): void {
    this.lanes.read.close();
    this.lanes.write.close();
    this.sessions.close();
  }

  private read(job: Job, statement: Extract<Statement, { kind: 'output' }>, options: RunOptions): Promise<Ended> {
    const sql = this.bound(job, statement.sql);
    const bound = sql === statement.sql ? statement : rebound(statement, sql);
    return this.lanes.read.run(job.gone, async (slot) => {
      const pipe = this.engine.pipe(slot);
      const text = intoFile(bound, pipe, job.request.format);
      const counts = await this.on(job, this.engine.reader(slot), (connection) =>
        this.stoppable(job, (stop) =>
          throughPipe(
            pipe,
            () => connection.run(text, options),
            (piece) => job.answer.write(piece),
            stop,
          ),
        ),
      );
      return { read: counts, written: undefined, received_bytes: 0 };
    });
  }

  /**
   * Reads stop when nobody wants them any more; what changes data goes on to its end, which its sender may ask for again.
   * The order is repeated, for it may come before the engine has begun.
   */
  private async stoppable<T>(job: Job, work: (stop: () => void) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const kill = (): void => void this.engine.kill(job.mark).catch(() => undefined);
    const stop = (): void => {
      kill();
      timer ??= setInterval(kill, KILL_EVERY_MS);
    };
    job.gone.addEventListener('abort', stop, { once: true });
    try {
      return await work(stop);
    } finally {
      clearInterval(timer);
      job.gone.removeEventListener('abort', stop);
    }
  }

  private insert(job: Job, statement: Extract<Statement, { kind: 'data' }>, options: RunOptions): Promise<Ended> {
    return this.spool.with(job.asked.data, async (path, bytes) => {
      if (bytes === 0) return { read: undefined, written: undefined, received_bytes: 0 };
      const head = this.bound(job, statement.head);
      const sql = fromFile({ ...statement, head }, path);
      const written = await this.lanes.write.run(job.gone, (slot) =>
        this.on(job, this.engine.writer(slot), (c) => c.run(sql, options)),
      );
      return { read: undefined, written, received_bytes: bytes };
    });
  }

  private async command(
    job: Job,
    statement: Extract<Statement, { kind: 'command' }>,
    options: RunOptions,
  ): Promise<Ended> {
    const sql = this.bound(job, statement.sql);
    const written = await this.lanes.write.run(job.gone, async (slot) => {
      const run = (c: Connection): ReturnType<Connection['run']> =>
        c.run(sql, { ...options, format: job.request.format });
      const alone = job.request.session === undefined && changesConnection(statement);
      const result = alone ? await this.engine.withFresh(run) : await this.on(job, this.engine.writer(slot), run);
      await job.answer.write(result.text);
      return result;
    });
    this.analysts.forget();
    this.engine.forget();
    return { read: undefined, written, received_bytes: 0 };
  }

  /** The connection of the session, a fresh one for an analyst (readonly cannot be taken back), or the slot's own. */
  private on<T>(job: Job, own: Connection, work: (connection: Connection) => Promise<T>): Promise<T> {
    const { session } = job.request;
    if (job.user.role === 'analyst') return this.engine.withFresh(work);
    return session ? this.sessions.with({ user: job.user.name, ...session }, work) : work(own);
  }

  private bound(job: Job, sql: string): string {
    return bindParameters(sql, new Map([...job.request.params, ...job.asked.params]));
  }

  private async settingsFor({ user, request, asked, mark }: Job): Promise<Map<string, string>> {
    for (const name of request.settings.keys())
      if (!this.engine.hasSetting(name))
        throw new FrontError(
          'UNKNOWN_SETTING',
          `Setting ${name} is neither a builtin setting nor started with the prefix 'SQL_' registered for user-defined settings`,
        );
    const settings =
      user.role === 'analyst'
        ? await this.analysts.admit(user, asked.statement, request.settings)
        : new Map(request.settings);
    return new Map([['log_comment', mark], ...settings]);
  }
}

/** Parameters moved the places of the text: read it again. */
function rebound(before: Extract<Statement, { kind: 'output' }>, sql: string): Extract<Statement, { kind: 'output' }> {
  const tail = before.sql.length - before.formatAt;
  return { ...before, sql, formatAt: sql.length - tail };
}

function changesConnection({ verb, sql }: Extract<Statement, { kind: 'command' }>): boolean {
  return CONNECTION_VERBS.has(verb) || /^\s*(create|replace|drop|alter)\s+(or\s+replace\s+)?temporary\b/i.test(sql);
}
