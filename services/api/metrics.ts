/** What the API tells Prometheus. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Recorder } from './audit-log';
import { type Directory } from './directory';
import { type Feed } from './feed';
import { type Registrar } from './registrar';

export function requestDuration(metrics: Registry): Histogram<'method' | 'route' | 'status'> {
  return new Histogram({
    name: 'millrace_api_request_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [metrics],
  });
}

export function webhookAttempts(metrics: Registry): Counter<'outcome'> {
  return new Counter({
    name: 'millrace_webhook_attempts_total',
    help: 'Events posted to webhooks, by what came of it: delivered, again (to be repeated), dead (given up)',
    labelNames: ['outcome'],
    registers: [metrics],
  });
}

export interface Observed {
  readonly directory: Pick<Directory, 'count'>;
  readonly feed: Pick<Feed, 'size' | 'droppedTotal'>;
  readonly registrar: Pick<Registrar, 'pending'>;
  readonly recorder: Pick<Recorder, 'missed'>;
}

export function observe(metrics: Registry, parts: Observed): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect: function () {
        this.set(value());
      },
    });
  };
  gauge('millrace_api_devices', 'Devices known', () => parts.directory.count());
  gauge('millrace_api_stream_clients', 'Clients of /stream', () => parts.feed.size);
  gauge('millrace_api_stream_dropped', 'Readings dropped for slow clients', () => parts.feed.droppedTotal);
  gauge('millrace_api_registry_waiting', 'Requests waiting for the registry', () => parts.registrar.pending);
  gauge(
    'millrace_api_refusals_not_on_record',
    'Refusals that did not reach the audit log',
    () => parts.recorder.missed,
  );
}
