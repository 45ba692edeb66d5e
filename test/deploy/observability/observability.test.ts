/** The table of metrics, the code, dashboards, alerts and the chart's files say the same. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ALERTS } from '../../../deploy/observability/alerts';
import { DASHBOARDS } from '../../../deploy/observability/dashboards';
import { CHART_FILES, chartFiles } from '../../../deploy/observability/files';
import { burnAlerts, SLOS } from '../../../deploy/observability/slos';
import { projectRoot } from '../../../schemas/root';
import { everyMetric, type Metric } from './every-metric';

const root = projectRoot();
const TABLE = join(root, 'deploy', 'observability', 'METRICS.md');
const metrics = everyMetric();
const update = process.env['UPDATE_GOLDEN'] === '1';

function table(rows: readonly Metric[]): string {
  const lines = rows.map(
    ({ name, type, labels, roles, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((l) => `\`${l}\``).join(', ')} | ${roles.join(', ')} | ${help.replaceAll('|', '/')} |`,
  );
  return `# Metrics

Made of what the code registers (\`UPDATE_GOLDEN=1\` with \`test/deploy/observability\`); names are stable: one that changes is in the changelog. Services add
\`service\`, and prom-client its own (\`process_*\`, \`nodejs_*\`). The worker's Temporal SDK tells more at \`TEMPORAL_METRICS_ADDRESS\`.

| name | type | labels | told by | what |
|---|---|---|---|---|
${lines.join('\n')}
`;
}

test('the table of metrics is what the code registers', () => {
  if (update) writeFileSync(TABLE, table(metrics));
  expect(readFileSync(TABLE, 'utf8')).toBe(table(metrics));
});

test('every metric in the sources is registered above: none is forgotten', () => {
  const known = new Set(metrics.map((m) => m.name));
  const sources = ['services', 'workflows', 'edge-agent', 'deploy/canary', 'deploy/local'].flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.ts'))
      .map((f) => readFileSync(join(root, dir, f), 'utf8')),
  );
  const named = sources.flatMap((text) => [...text.matchAll(/'(millrace_[a-z_]+)'/g)].map(([, name = '']) => name));
  const missing = named.filter((name) => !known.has(name) && name !== 'millrace_dictionaries');
  expect(missing).toEqual([]);
  expect(known.size).toBeGreaterThan(50);
});

/** Labels that the target gives, and those of all of a service's metrics. */
const TARGET_LABELS = ['namespace', 'pod', 'component', 'service', 'job', 'instance'];
const DEFAULT_METRICS = new Set(['process_resident_memory_bytes', 'process_cpu_seconds_total', 'up']);

interface Asked {
  readonly where: string;
  readonly promql: string;
}

const asked: Asked[] = [
  ...ALERTS.map((a) => ({ where: a.alert, promql: a.expr })),
  ...DASHBOARDS.flatMap((d) =>
    d.panels.flatMap((p) =>
      p.queries
        .filter((q) => q.source === 'prometheus')
        .map((q) => ({ where: `${d.name}: ${p.title}`, promql: q.ask })),
    ),
  ),
];

/** The metric whose sample has this name: histograms have three kinds. */
function metricOf(sample: string): Metric | undefined {
  return metrics.find(
    (m) => m.name === sample || (m.type === 'histogram' && new RegExp(`^${m.name}_(bucket|sum|count)$`).test(sample)),
  );
}

test.each(asked)('$where asks for what there is', ({ promql }) => {
  const samples = [...promql.matchAll(/\b((?:millrace|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?/g)];
  expect(samples.length).toBeGreaterThan(0);
  const by = [...promql.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
  for (const [, sample = '', matchers = ''] of samples) {
    const metric = metricOf(sample);
    if (!metric && !DEFAULT_METRICS.has(sample)) throw new Error(`there is no ${sample}`);
    if (metric?.type === 'histogram') expect(sample).not.toBe(metric.name);
    const may = [...(metric?.labels ?? []), ...TARGET_LABELS, ...(sample.endsWith('_bucket') ? ['le'] : [])];
    const used = [...matchers.matchAll(/([a-z_]+)(?:=|!=|=~|!~)/g)].map(([, label = '']) => label);
    expect(used.filter((label) => !may.includes(label))).toEqual([]);
    expect(by.filter((label) => !may.includes(label))).toEqual([]);
  }
});

test.each(asked)('$where has its brackets in pairs', ({ promql }) => {
  const open: string[] = [];
  const pair: Record<string, string> = { ')': '(', '}': '{', ']': '[' };
  for (const c of promql.replaceAll(/"[^"]*"/g, '')) {
    if ('({['.includes(c)) open.push(c);
    else if (c in pair) expect(open.pop()).toBe(pair[c]);
  }
  expect(open).toEqual([]);
});

test('a threshold of a freshness objective is a bucket of the histogram', () => {
  const source = readFileSync(join(root, 'services', 'projector', 'metrics.ts'), 'utf8');
  expect(source).toMatch(/buckets: \[0\.05.*[ ,]5,/);
});

test.each(SLOS)('$name burns at three speeds, against its budget', (slo) => {
  const alerts = burnAlerts(slo);
  expect(alerts.map((a) => a.severity)).toEqual(['page', 'page', 'ticket']);
  expect(alerts.every((a) => !a.expr.includes('$window'))).toBe(true);
  const fastest = Number(/\) > ([0-9.]+) and/.exec(alerts[0]?.expr ?? '')?.[1]);
  expect(fastest).toBeCloseTo(14.4 * (1 - slo.objective), 6);
});

test.each(ALERTS)('$alert names a runbook that is there', ({ runbook }) => {
  expect(existsSync(join(root, 'deploy', 'runbooks', runbook))).toBe(true);
});

test.each(Object.entries(chartFiles()))('%s of the chart is made of its sources', (path, content) => {
  const file = join(root, CHART_FILES, path);
  if (update) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  expect(readFileSync(file, 'utf8')).toBe(content);
});

test('the chart has no dashboard whose source is gone', () => {
  const there = readdirSync(join(root, CHART_FILES, 'dashboards')).map((f) => `dashboards/${f}`);
  expect(there.filter((f) => !(f in chartFiles()))).toEqual([]);
});
