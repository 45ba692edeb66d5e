/** What the platform promises in figures, and the alerts that tell when a promise is being spent too quickly. Pure. */

export interface Slo {
  readonly name: string;
  readonly title: string;
  /** Share of good events, 0 to 1. */
  readonly objective: number;
  /** PromQL of good and all events a second over `$window`. */
  readonly good: string;
  readonly all: string;
  readonly runbook: string;
}

const by = 'namespace';

export const SLOS: readonly Slo[] = [
  {
    name: 'Freshness',
    title: 'batches of readings are in SQL within 5 s of reaching the log',
    objective: 0.995,
    good: `sum by (${by}) (rate(millrace_freshness_seconds_bucket{topic="m2m.telemetry",le="5"}[$window]))`,
    all: `sum by (${by}) (rate(millrace_freshness_seconds_count{topic="m2m.telemetry"}[$window]))`,
    runbook: 'clickhouse-loss.md',
  },
  {
    name: 'ApiAvailability',
    title: 'requests are answered with something else than 5xx',
    objective: 0.999,
    good: `sum by (${by}) (rate(millrace_api_request_seconds_count{status!~"5.."}[$window]))`,
    all: `sum by (${by}) (rate(millrace_api_request_seconds_count[$window]))`,
    runbook: 'README.md',
  },
  {
    name: 'Canary',
    title: 'rounds of the canary (command, field, reading in SQL) go well',
    objective: 0.99,
    good: `sum by (${by}) (rate(millrace_canary_rounds_total{outcome="ok"}[$window]))`,
    all: `sum by (${by}) (rate(millrace_canary_rounds_total[$window]))`,
    runbook: 'README.md',
  },
];

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  readonly runbook: string;
}

interface Burn {
  readonly factor: number;
  readonly long: string;
  readonly short: string;
  readonly for: string;
  readonly severity: Alert['severity'];
}

/** Of a budget of 30 days: 2 % in an hour, 5 % in six hours, 10 % in three days. */
export const BURNS: readonly Burn[] = [
  { factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'page' },
  { factor: 6, long: '6h', short: '30m', for: '15m', severity: 'page' },
  { factor: 1, long: '3d', short: '6h', for: '1h', severity: 'ticket' },
];

/** The short window ends the alert soon after the cause has gone. */
export function burnAlerts(slo: Slo): Alert[] {
  const budget = Number((1 - slo.objective).toFixed(6));
  const spent = (window: string): string => `1 - (${slo.good}) / (${slo.all} > 0)`.replaceAll('$window', window);
  return BURNS.map(({ factor, long, short, severity, ...burn }) => ({
    alert: `Millrace${slo.name}Burn${long}`,
    expr: `(${spent(long)}) > ${Number((factor * budget).toFixed(6))} and (${spent(short)}) > ${Number((factor * budget).toFixed(6))}`,
    for: burn.for,
    severity,
    summary: `Too few ${slo.title}: the budget of 30 days is spent ${factor} times too quickly`,
    runbook: slo.runbook,
  }));
}
