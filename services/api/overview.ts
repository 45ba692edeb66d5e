/** What ClickHouse answers about many devices at once: values, alarms, commands, campaigns, dead letters. */
import { type Scope } from '../domain/access';
import { type Engine, type Row, rowsOf } from './rows';

export interface AlarmsQuery {
  readonly tenant: string;
  readonly scope: Scope;
  readonly device?: string;
  /** Only those that are active, not acknowledged yet, or shelved: a shelf hides what is raised meanwhile. */
  readonly standing: boolean;
  readonly limit: number;
}

export interface CommandsQuery {
  readonly tenant: string;
  readonly scope: Scope;
  readonly state?: string;
  /** ms since 1970-01-01 UTC: reported on at or after it. */
  readonly from: number;
  readonly limit: number;
}

export interface LettersQuery {
  /** Whose messages; undefined: everybody's. */
  readonly tenant: string | undefined;
  readonly topic?: string;
  readonly code?: string;
  readonly limit: number;
}

export interface Coordinates {
  readonly topic: string;
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
}

/** Metrics of one device that are shown. */
const MAX_VALUES = 10_000;

/** Of a subquery: the engine takes the name of a column, also in a condition, for the text that it is made into here. */
const LETTER_COLUMNS = `source_topic, source_partition, toString(source_offset) AS source_offset, source_timestamp, consumer, code,
  reason, at`;

/** Where a principal sees a part only, the devices of it are looked up by their paths. */
function withinScope(scope: Scope): string {
  if (scope === 'everywhere') return '';
  return `AND device_id IN (SELECT device_id FROM devices WHERE tenant = {tenant:String}
    AND arrayExists(s -> path = s OR startsWith(path, concat(s, '/')), {sites:Array(String)}))`;
}

const sitesOf = (scope: Scope): Row => (scope === 'everywhere' ? {} : { sites: scope });

export class Overview {
  constructor(private readonly clickhouse: Engine) {}

  /** The latest value of every metric of a device, with what is declared of it. */
  values(tenant: string, device: string): Promise<Row[]> {
    return this.rows(
      `SELECT metric, ts, value, value_int, value_text, kind, unit, quality, quality_code, path, received_at, seq,
         p.source_unit AS source_unit, p.description AS description, p.writable AS writable, p.low AS low, p.high AS high
       FROM latest_values AS v LEFT JOIN (
         SELECT metric, source_unit, description, writable, low, high FROM points
         WHERE tenant = {tenant:String} AND device_id = {device:String}) AS p USING (metric)
       WHERE tenant = {tenant:String} AND device_id = {device:String} ORDER BY metric LIMIT {limit:UInt32}`,
      { tenant, device, limit: MAX_VALUES },
    );
  }

  /** Occurrences of alarms, those that ask for attention first. */
  alarms({ scope, standing, device, ...q }: AlarmsQuery): Promise<Row[]> {
    return this.rows(
      `SELECT * EXCEPT (tenant) FROM alarms WHERE tenant = {tenant:String} ${withinScope(scope)}
         ${device === undefined ? '' : 'AND device_id = {device:String}'} ${standing ? 'AND (active OR NOT acknowledged OR ifNull(shelved_until > now64(3), false))' : ''}
       ORDER BY active DESC, acknowledged, priority, raised_at DESC LIMIT {limit:UInt32}`,
      { ...q, ...sitesOf(scope), ...(device !== undefined && { device }) },
    );
  }

  /** Every transition of alarms, newest first. */
  alarmJournal({ scope, device, tenant, limit }: Omit<AlarmsQuery, 'standing'>): Promise<Row[]> {
    return this.rows(
      `SELECT * EXCEPT (tenant, seq) FROM alarm_events WHERE tenant = {tenant:String} ${withinScope(scope)}
         ${device === undefined ? '' : 'AND device_id = {device:String}'}
       ORDER BY at DESC LIMIT {limit:UInt32}`,
      { tenant, limit, ...sitesOf(scope), ...(device !== undefined && { device }) },
    );
  }

  /** Latitude and longitude of the devices that tell both, degrees; NULL and NaN are no position, being in no range. */
  positions({ scope, ...q }: Pick<AlarmsQuery, 'tenant' | 'scope' | 'limit'>): Promise<Row[]> {
    return this.rows(
      `SELECT device_id, anyIf(value, metric = 'latitude') AS latitude, anyIf(value, metric = 'longitude') AS longitude,
         max(ts) AS at
       FROM latest_values WHERE tenant = {tenant:String} AND metric IN ('latitude', 'longitude') AND quality = 'good'
         ${withinScope(scope)}
       GROUP BY device_id
       HAVING uniqExact(metric) = 2 AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180
       ORDER BY device_id LIMIT {limit:UInt32}`,
      { ...q, ...sitesOf(scope) },
    );
  }

  /** Commands of all devices, newest first. */
  commands({ scope, state, ...q }: CommandsQuery): Promise<Row[]> {
    return this.rows(
      `SELECT * EXCEPT (tenant) FROM commands
       WHERE tenant = {tenant:String} AND changed_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
         ${withinScope(scope)} ${state === undefined ? '' : 'AND state = {state:String}'}
       ORDER BY ifNull(issued_at, changed_at) DESC LIMIT {limit:UInt32}`,
      { ...q, ...sitesOf(scope), ...(state !== undefined && { state }) },
    );
  }

  /** Newest first. */
  campaigns(tenant: string, limit: number): Promise<Row[]> {
    return this.rows(
      `SELECT * EXCEPT (tenant) FROM campaigns WHERE tenant = {tenant:String} ORDER BY begun_at DESC LIMIT {limit:UInt32}`,
      { tenant, limit },
    );
  }

  /** Newest first, without their bytes. */
  deadLetters({ topic, code, ...q }: LettersQuery): Promise<Row[]> {
    return this.rows(
      `SELECT ${LETTER_COLUMNS} FROM (
         SELECT * FROM dead_letters WHERE ${ownLetters(q.tenant)}
           ${topic === undefined ? '' : 'AND source_topic = {topic:String}'} ${code === undefined ? '' : 'AND code = {code:String}'}
         ORDER BY at DESC, source_topic, source_partition, source_offset LIMIT {limit:UInt32})`,
      { ...q, ...(topic !== undefined && { topic }), ...(code !== undefined && { code }) },
    );
  }

  /** One, bytes in hex; undefined when it is none, or of another tenant. */
  async deadLetter(tenant: string | undefined, { topic, partition, offset }: Coordinates): Promise<Row | undefined> {
    const found = await this.rows(
      `SELECT ${LETTER_COLUMNS}, hex(key) AS key_hex, hex(value) AS value_hex,
         mapApply((k, v) -> (k, hex(v)), headers) AS headers_hex
       FROM (SELECT * FROM dead_letters WHERE ${ownLetters(tenant)} AND source_topic = {topic:String}
         AND source_partition = {partition:Int32} AND source_offset = {offset:Int64} LIMIT 1)`,
      { tenant, topic, partition, offset },
    );
    return found[0];
  }

  private rows(query: string, query_params: Row): Promise<Row[]> {
    const given = Object.entries(query_params).filter(([, value]) => value !== undefined);
    return rowsOf(this.clickhouse, query, Object.fromEntries(given));
  }
}

/** A message says whose it is in its key, tenant/…; one without belongs to whoever runs the installation. */
const ownLetters = (tenant: string | undefined): string =>
  tenant === undefined ? 'true' : `startsWith(ifNull(key, ''), concat({tenant:String}, '/'))`;
