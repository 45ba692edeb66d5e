/** What ClickHouse answers for the API: readings, windows, lifecycle events and commands of the past. */
import { type CommandEvent, type DeviceEvent } from '../../schemas/generated';
import { type CommandView, fold, viewOf } from '../domain/command';
import { answerOf, type Engine, type Row, rowsOf } from './rows';

export { type Row };

export type Window = '1m' | '1h' | '1d';

export interface ReadingsQuery {
  readonly tenant: string;
  readonly device: string;
  readonly metric?: string;
  /** ms since 1970-01-01 UTC, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly window?: Window;
  readonly limit: number;
}

export interface AuditQuery {
  readonly tenant: string;
  /** ms since 1970-01-01 UTC, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly limit: number;
}

const DEVICE = 'tenant = {tenant:String} AND device_id = {device:String}';
const COMMAND_EVENT_COLUMNS =
  'command_id, tenant, device_id, agent_id, state, toUnixTimestamp64Milli(at) AS at, actor, name, args, qos, attempt, detail, result, seq';

/** Commands whose events are folded for one page. */
const MAX_COMMANDS = 1_000;

export class History {
  constructor(private readonly clickhouse: Engine) {}

  /** Rows as lines of JSON, oldest first, however many: the engine sends no faster than they are taken. */
  async *exportReadings(q: Omit<ReadingsQuery, 'limit'>): AsyncGenerator<string> {
    const { query, query_params } = readingsQuery(q, 'ASC');
    const answer = await answerOf(this.clickhouse, query, query_params);
    for await (const rows of answer.stream()) yield rows.map((row) => `${row.text}\n`).join('');
  }

  readings({ limit, ...q }: ReadingsQuery): Promise<Row[]> {
    const { query, query_params } = readingsQuery(q, 'DESC');
    return this.rows(`${query} LIMIT {limit:UInt32}`, { ...query_params, limit });
  }

  /** Events by version, oldest first. */
  lifecycle(tenant: string, device: string): Promise<Row[]> {
    return this.rows(
      `SELECT version, type, state_from, state_to, at, actor, reason, data FROM device_lifecycle
       WHERE ${DEVICE} ORDER BY version LIMIT 1 BY version`,
      { tenant, device },
    );
  }

  /** The same events as the stream has them, to be folded. */
  async life(tenant: string, device: string): Promise<DeviceEvent[]> {
    const events = await this.rows(
      `SELECT event_id, tenant, device_id, version, type, state_from, state_to, toUnixTimestamp64Milli(at) AS at, actor,
         reason, request_id, data
       FROM device_lifecycle WHERE ${DEVICE} ORDER BY version LIMIT 1 BY version`,
      { tenant, device },
    );
    return events as unknown as DeviceEvent[];
  }

  /** The device's commands, newest first. */
  async commandsOf(tenant: string, device: string, limit: number): Promise<CommandView[]> {
    const events = await this.rows(
      `SELECT ${COMMAND_EVENT_COLUMNS} FROM command_events WHERE ${DEVICE} AND command_id IN (
         SELECT command_id FROM command_events WHERE ${DEVICE} GROUP BY command_id ORDER BY min(at) DESC LIMIT {limit:UInt32})`,
      { tenant, device, limit: Math.min(limit, MAX_COMMANDS) },
    );
    const byCommand = new Map<string, CommandEvent[]>();
    for (const e of events as unknown as CommandEvent[])
      byCommand.set(e.command_id, [...(byCommand.get(e.command_id) ?? []), e]);
    return [...byCommand.values()]
      .flatMap((list) => viewOf(fold(list)) ?? [])
      .sort((a, b) => (b.transitions[0]?.at ?? 0) - (a.transitions[0]?.at ?? 0));
  }

  /** Newest first. */
  audit(q: AuditQuery): Promise<Row[]> {
    const equal = (column: 'actor' | 'action' | 'outcome'): string =>
      q[column] === undefined ? '' : `AND ${column} = {${column}:String}`;
    return this.rows(
      `SELECT * EXCEPT (tenant) FROM audit
       WHERE tenant = {tenant:String} AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
         AND at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') ${equal('actor')} ${equal('action')} ${equal('outcome')}
       ORDER BY at DESC, event_id LIMIT {limit:UInt32}`,
      { ...q },
    );
  }

  async command(tenant: string, commandId: string): Promise<CommandView | undefined> {
    const events = await this.rows(
      `SELECT ${COMMAND_EVENT_COLUMNS} FROM command_events WHERE tenant = {tenant:String} AND command_id = {id:String}`,
      { tenant, id: commandId },
    );
    return viewOf(fold(events as unknown as CommandEvent[]));
  }

  private rows(query: string, query_params: Row): Promise<Row[]> {
    return rowsOf(this.clickhouse, query, query_params);
  }
}

function readingsQuery(q: Omit<ReadingsQuery, 'limit'>, order: 'ASC' | 'DESC'): { query: string; query_params: Row } {
  const time = q.window === undefined ? 'ts' : 'window_start';
  const view = q.window === undefined ? 'readings' : `readings_${q.window}`;
  const query = `SELECT * EXCEPT (tenant, device_id) FROM ${view}
       WHERE ${DEVICE} AND ${time} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
         AND ${time} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
         ${q.metric === undefined ? '' : 'AND metric = {metric:String}'}
       ORDER BY ${time} ${order}, metric`;
  return { query, query_params: { ...q } };
}
