/** Grafana's dashboards as data: what is asked, and where it is drawn. Pure. */

export interface Query {
  readonly source: 'prometheus' | 'clickhouse';
  /** PromQL, or SQL with $__timeFilter(column). */
  readonly ask: string;
  /** Of a series, in Grafana's words: {{topic}}. */
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  /** Grafana's id of a unit: s, ops, bytes, short. */
  readonly unit?: string;
  /** In 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
}

export interface Dashboard {
  /** File and uid. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const prom = (ask: string, legend?: string): Query => ({ source: 'prometheus', ask, ...(legend && { legend }) });
const sql = (ask: string): Query => ({ source: 'clickhouse', ask });
const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket{namespace=~"$namespace"}[$__rate_interval])))`;
const rate = (metric: string, by: string, extra = ''): string =>
  `sum by (${by}) (rate(${metric}{namespace=~"$namespace"${extra}}[$__rate_interval]))`;
const sum = (metric: string, by: string): string => `sum by (${by}) (${metric}{namespace=~"$namespace"})`;
const series = (title: string, unit: string, ...queries: Query[]): Panel => ({
  ...{ title, kind: 'timeseries', unit, width: 12, queries },
});

const PLATFORM: Dashboard = {
  name: 'millrace-platform',
  title: 'Millrace: platform',
  panels: [
    series('Readings into SQL', 'ops', prom(rate('millrace_projected_rows_total', 'topic'), '{{topic}}')),
    series(
      'Freshness: from the log to SQL',
      's',
      prom(quantile(0.5, 'millrace_freshness_seconds', 'topic'), 'p50 {{topic}}'),
      prom(quantile(0.99, 'millrace_freshness_seconds', 'topic'), 'p99 {{topic}}'),
    ),
    series(
      'Messages behind',
      'short',
      prom(sum('millrace_consumer_lag', 'service, topic'), '{{service}} {{topic}}'),
      prom(sum('millrace_relay_lag_records', 'service'), '{{service}} command-events'),
    ),
    series(
      'Dead letters and replays',
      'ops',
      prom(rate('millrace_poison_total', 'topic, code'), 'dead: {{topic}} {{code}}'),
      prom(rate('millrace_replays_total', 'topic, outcome'), 'replay: {{topic}} {{outcome}}'),
    ),
    series('Requests of the API', 'reqps', prom(rate('millrace_api_request_seconds_count', 'status'), '{{status}}')),
    series(
      'Time to answer',
      's',
      prom(quantile(0.5, 'millrace_api_request_seconds', 'route'), 'p50 {{route}}'),
      prom(quantile(0.99, 'millrace_api_request_seconds', 'route'), 'p99 {{route}}'),
    ),
    series('Time of an INSERT, p99', 's', prom(quantile(0.99, 'millrace_insert_seconds', 'topic'), '{{topic}}')),
    series(
      'Canary',
      's',
      prom(quantile(0.95, 'millrace_canary_command_seconds', 'namespace'), 'command p95'),
      prom(quantile(0.95, 'millrace_canary_reading_seconds', 'namespace'), 'reading in SQL p95'),
    ),
    series('Memory', 'bytes', prom(sum('process_resident_memory_bytes', 'component, pod'), '{{component}} {{pod}}')),
    series('CPU', 'short', prom(rate('process_cpu_seconds_total', 'component, pod'), '{{component}} {{pod}}')),
  ],
};

const COMMANDS: Dashboard = {
  name: 'millrace-commands',
  title: 'Millrace: commands and lives',
  panels: [
    series('Command events relayed', 'ops', prom(rate('millrace_relay_events_total', 'outcome'), '{{outcome}}')),
    series(
      'Activities, p99',
      's',
      prom(quantile(0.99, 'millrace_worker_activity_seconds', 'activity'), '{{activity}}'),
    ),
    series(
      'Workers',
      'short',
      prom(sum('millrace_worker_workflows_cached', 'pod'), 'workflows {{pod}}'),
      prom(sum('millrace_worker_activities_in_flight', 'pod'), 'activities {{pod}}'),
      prom(sum('millrace_worker_publish_waiting', 'pod'), 'waiting for Kafka {{pod}}'),
    ),
    series(
      'Decisions of the registry',
      'ops',
      prom(rate('millrace_registry_decisions_total', 'type, outcome'), '{{type}} {{outcome}}'),
    ),
    series('Sessions', 'short', prom(sum('millrace_presence_sessions', 'status'), '{{status}}')),
    series('Devices known to the API', 'short', prom('max(millrace_api_devices{namespace=~"$namespace"})', 'devices')),
    {
      ...{ title: 'Commands by state', kind: 'table', width: 12 },
      queries: [
        sql(
          `SELECT name, state, count() AS commands FROM commands WHERE $__timeFilter(issued_at) GROUP BY name, state ORDER BY commands DESC`,
        ),
      ],
    },
    {
      ...{ title: 'Commands whose outcome is not good', kind: 'table', width: 12 },
      queries: [
        sql(
          `SELECT issued_at, device_id, name, state, command_id FROM commands WHERE $__timeFilter(issued_at) AND state IN ('failed', 'expired', 'outcome-unknown') ORDER BY issued_at DESC LIMIT 100`,
        ),
      ],
    },
  ],
};

const EDGE: Dashboard = {
  name: 'millrace-edge',
  title: 'Millrace: edge agents',
  panels: [
    series('Records waiting in outboxes', 'short', prom(sum('millrace_outbox_depth', 'pod, lane'), '{{pod}} {{lane}}')),
    series(
      'Age of the oldest',
      's',
      prom('max by (pod, lane) (millrace_outbox_oldest_seconds{namespace=~"$namespace"})', '{{pod}} {{lane}}'),
    ),
    series(
      'Disk of outboxes',
      'bytes',
      prom(sum('millrace_outbox_bytes', 'pod, lane'), '{{pod}} {{lane}}'),
      prom(sum('millrace_agent_disk_free_bytes', 'pod'), '{{pod}} free'),
    ),
    series(
      'Readings given up',
      'ops',
      prom(rate('millrace_outbox_dropped_total', 'pod, reason'), '{{pod}} {{reason}}'),
    ),
    series(
      'What keeps agents from shipping',
      'short',
      prom(sum('millrace_shipper_failing', 'pod, failure'), '{{pod}} {{failure}}'),
    ),
    series(
      'Shipped',
      'ops',
      prom(
        'sum by (pod, lane) (deriv(millrace_shipped_total{namespace=~"$namespace"}[$__rate_interval]))',
        '{{pod}} {{lane}}',
      ),
    ),
    series(
      'Connections to the field',
      'short',
      prom(
        'min by (pod, connection) (millrace_agent_connection{namespace=~"$namespace",what="connected"})',
        '{{pod}} {{connection}}',
      ),
    ),
    series(
      'Clocks: platform minus agent',
      's',
      prom('max by (pod) (millrace_agent_clock_offset_seconds{namespace=~"$namespace"})', '{{pod}}'),
    ),
  ],
};

const FLEET: Dashboard = {
  name: 'millrace-fleet',
  title: 'Millrace: fleet',
  panels: [
    {
      ...{ title: 'Readings a minute', kind: 'timeseries', unit: 'short', width: 24 },
      queries: [
        sql(
          `SELECT window_start AS time, sum(count) AS readings, sum(bad_count) AS bad FROM readings_1m WHERE $__timeFilter(window_start) GROUP BY time ORDER BY time`,
        ),
      ],
    },
    {
      ...{ title: 'Devices by state', kind: 'table', width: 8 },
      queries: [
        sql(`SELECT tenant, state, count() AS devices FROM devices GROUP BY tenant, state ORDER BY tenant, state`),
      ],
    },
    {
      ...{ title: 'Alarms that are active', kind: 'table', width: 16 },
      queries: [
        sql(
          `SELECT raised_at, device_id, alarm, priority, acknowledged, message FROM alarms WHERE active ORDER BY priority DESC, raised_at DESC LIMIT 200`,
        ),
      ],
    },
    {
      ...{ title: 'Silent for longest', kind: 'table', width: 12 },
      queries: [
        sql(
          `SELECT tenant, device_id, max(ts) AS last_reading FROM latest_values GROUP BY tenant, device_id ORDER BY last_reading LIMIT 50`,
        ),
      ],
    },
    {
      ...{ title: 'Worst quality', kind: 'table', width: 12 },
      queries: [
        sql(
          `SELECT device_id, metric, sum(bad_count) AS bad, sum(count) AS good FROM readings_1m WHERE $__timeFilter(window_start) GROUP BY device_id, metric HAVING bad > 0 ORDER BY bad DESC LIMIT 50`,
        ),
      ],
    },
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [PLATFORM, COMMANDS, EDGE, FLEET];

const HEIGHT = 8;
const COLUMNS = 24;
const DATASOURCE = {
  prometheus: { type: 'prometheus', uid: '${prometheus}' },
  clickhouse: { type: 'grafana-clickhouse-datasource', uid: '${clickhouse}' },
} as const;

/** As Grafana takes it. */
export function grafana(dashboard: Dashboard): object {
  let [x, y] = [0, 0];
  const panels = dashboard.panels.map((panel, i) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + HEIGHT];
    const gridPos = { x, y, w: panel.width, h: HEIGHT };
    x += panel.width;
    const [first] = panel.queries;
    return {
      ...{ id: i + 1, title: panel.title, type: panel.kind, gridPos },
      datasource: DATASOURCE[first?.source ?? 'prometheus'],
      fieldConfig: { defaults: { unit: panel.unit ?? 'short' }, overrides: [] },
      options: {},
      targets: panel.queries.map((q, n) => target(q, String.fromCharCode(65 + n), panel.kind)),
    };
  });
  const variable = (name: string, type: string) => ({ name, type: 'datasource', query: type, current: {} });
  return {
    ...{ uid: dashboard.name, title: dashboard.title, tags: ['millrace'], schemaVersion: 39, editable: true },
    ...{ time: { from: 'now-1h', to: 'now' }, refresh: '30s', timezone: 'utc' },
    templating: {
      list: [
        variable('prometheus', DATASOURCE.prometheus.type),
        variable('clickhouse', DATASOURCE.clickhouse.type),
        {
          ...{ name: 'namespace', type: 'query', datasource: DATASOURCE.prometheus, multi: true, includeAll: true },
          ...{
            query: 'label_values(process_resident_memory_bytes, namespace)',
            allValue: '.*',
            refresh: 2,
            current: {},
          },
        },
      ],
    },
    panels,
  };
}

function target(query: Query, refId: string, kind: Panel['kind']): object {
  const datasource = DATASOURCE[query.source];
  if (query.source === 'prometheus')
    return { refId, datasource, expr: query.ask, ...(query.legend && { legendFormat: query.legend }) };
  const format = kind === 'table' ? 1 : 0;
  return {
    refId,
    datasource,
    rawSql: query.ask,
    format,
    queryType: kind === 'table' ? 'table' : 'timeseries',
    editorType: 'sql',
  };
}
