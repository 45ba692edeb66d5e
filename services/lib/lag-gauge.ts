import { Gauge, type Registry } from 'prom-client';

/** How far a service is behind, by partition: the same metric in every service that consumes. */
export function lagGauge(registry: Registry): Gauge<'topic' | 'partition'> {
  return new Gauge({
    name: 'millrace_consumer_lag',
    help: 'Messages not yet processed',
    labelNames: ['topic', 'partition'],
    registers: [registry],
  });
}
