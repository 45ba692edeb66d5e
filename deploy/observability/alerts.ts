/** Alerts on single causes. Every one names its runbook. */
import { type Alert, burnAlerts, SLOS } from './slos';

const CAUSES: readonly Alert[] = [
  {
    alert: 'MillracePartitionStopped',
    expr: 'max by (namespace, topic, partition) (millrace_partition_stopped) > 0',
    for: '1m',
    severity: 'page',
    summary: 'The projector has stopped {{ $labels.topic }}/{{ $labels.partition }} and waits for a decision',
    runbook: 'clickhouse-loss.md',
  },
  {
    alert: 'MillraceConsumerBehind',
    expr: 'sum by (namespace, service, topic) (millrace_consumer_lag) > 50000 and sum by (namespace, service, topic) (deriv(millrace_consumer_lag[15m])) >= 0',
    for: '15m',
    severity: 'page',
    summary: '{{ $labels.service }} is {{ $value }} messages behind on {{ $labels.topic }} and does not catch up',
    runbook: 'partition-growth.md',
  },
  {
    alert: 'MillraceRelayBehind',
    expr: 'sum by (namespace) (millrace_relay_lag_records) > 5000',
    for: '10m',
    severity: 'page',
    summary: 'Outcomes of {{ $value }} commands wait for Temporal',
    runbook: 'temporal-loss.md',
  },
  {
    alert: 'MillraceDeadLetters',
    expr: 'sum by (namespace, topic, code) (increase(millrace_poison_total[15m])) > 0',
    for: '0m',
    severity: 'ticket',
    summary: '{{ $value }} messages of {{ $labels.topic }} could not be projected ({{ $labels.code }})',
    runbook: 'README.md',
  },
  {
    alert: 'MillraceReadingsGivenUp',
    expr: 'sum by (namespace, pod, reason) (increase(millrace_outbox_dropped_total[15m])) > 0',
    for: '0m',
    severity: 'page',
    summary: 'An agent gave up {{ $value }} readings ({{ $labels.reason }}); the gap is on record in outbox_gaps',
    runbook: 'broker-loss.md',
  },
  {
    alert: 'MillraceOutboxOld',
    expr: 'max by (namespace, pod, lane) (millrace_outbox_oldest_seconds) > 3600',
    for: '5m',
    severity: 'page',
    summary: 'An agent holds records of an hour ago',
    runbook: 'broker-loss.md',
  },
  {
    alert: 'MillraceOutboxRefusing',
    expr: 'max by (namespace, pod, lane, code) (millrace_outbox_refusing) > 0',
    for: '1m',
    severity: 'page',
    summary: 'An agent cannot store ({{ $labels.code }}): sources are no longer acknowledged',
    runbook: 'broker-loss.md',
  },
  {
    alert: 'MillraceAgentDiskLow',
    expr: 'min by (namespace, pod) (millrace_agent_disk_free_bytes) < 500e6',
    for: '10m',
    severity: 'ticket',
    summary: 'Less than 500 MB left for the outbox of an agent',
    runbook: 'broker-loss.md',
  },
  {
    alert: 'MillraceAgentRefused',
    expr: 'max by (namespace, pod, failure) (millrace_shipper_failing{failure=~"tls|not-authorized|fenced|outbox"}) > 0',
    for: '5m',
    severity: 'page',
    summary: 'The broker refuses an agent: {{ $labels.failure }}',
    runbook: 'certificate-rotation.md',
  },
  {
    alert: 'MillraceAgentClockOff',
    expr: 'max by (namespace, pod) (abs(millrace_agent_clock_offset_seconds)) > 60',
    for: '15m',
    severity: 'ticket',
    summary: 'The clock of an agent is {{ $value }} s off',
    runbook: 'README.md',
  },
  {
    alert: 'MillraceWorkerStopped',
    expr: 'sum by (namespace) (millrace_worker_running) == 0',
    for: '2m',
    severity: 'page',
    summary: 'No worker polls for tasks: commands wait',
    runbook: 'temporal-loss.md',
  },
  {
    alert: 'MillraceRefusalsNotOnRecord',
    expr: 'sum by (namespace) (increase(millrace_api_refusals_not_on_record[15m])) > 0',
    for: '0m',
    severity: 'ticket',
    summary: '{{ $value }} refused requests did not reach the audit log',
    runbook: 'broker-loss.md',
  },
  {
    alert: 'MillraceCanarySilent',
    expr: 'time() - max by (namespace) (millrace_canary_last_success_seconds > 0) > 600',
    for: '1m',
    severity: 'page',
    summary: 'No command and reading has made it through everything for {{ $value }} s',
    runbook: 'README.md',
  },
  {
    alert: 'MillraceDown',
    expr: 'up{component=~"api|registry|presence|projector|relay|worker|agent"} == 0',
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.component }} {{ $labels.pod }} does not answer',
    runbook: 'README.md',
  },
];

export const ALERTS: readonly Alert[] = [...SLOS.flatMap(burnAlerts), ...CAUSES];

/** `spec` of a PrometheusRule, also a file of rules for Prometheus itself. */
export function ruleGroups(): object {
  const rules = ALERTS.map(({ alert, expr, severity, summary, runbook, ...a }) => ({
    ...{ alert, expr, for: a.for },
    labels: { severity },
    annotations: { summary, runbook: `deploy/runbooks/${runbook}` },
  }));
  return { groups: [{ name: 'millrace', rules }] };
}
