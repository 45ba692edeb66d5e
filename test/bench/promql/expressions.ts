/** Every expression that alerts and dashboards ask Prometheus, as it is asked. Pure. */
import { ALERTS } from '../../../deploy/observability/alerts';
import { DASHBOARDS } from '../../../deploy/observability/dashboards';

export interface Expression {
  readonly where: string;
  readonly alert: boolean;
  readonly promql: string;
}

/** Grafana's variables, which Prometheus does not know. */
const filledIn = (promql: string): string => promql.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', '.*');

export function expressions(): Expression[] {
  const alerts = ALERTS.map(({ alert, expr }) => ({ where: alert, alert: true, promql: expr }));
  const panels = DASHBOARDS.flatMap((d) =>
    d.panels.flatMap((p) =>
      p.queries
        .filter((q) => q.source === 'prometheus')
        .map((q) => ({ where: `${d.name}: ${p.title}`, alert: false, promql: filledIn(q.ask) })),
    ),
  );
  return [...alerts, ...panels];
}

/** Names of metrics in an expression: words that no bracket follows and that are no label, keyword or number. */
export function metricsIn(promql: string): string[] {
  const bare = promql
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|without|on) \([^)]*\)/g, '');
  const words = [...bare.matchAll(/\b([a-z][a-z_]*_[a-z_]*|up)\b(?!\s*\()/g)].map(([, name = '']) => name);
  return [...new Set(words)];
}
