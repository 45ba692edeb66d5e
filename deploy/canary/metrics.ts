/** What the canary tells Prometheus. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CanaryError, type Measured } from './round';

const BUCKETS_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function canaryMetrics(
  now: () => number,
  failed: (error: unknown) => void,
): { registry: Registry; count(work: () => Promise<Measured>): Promise<void> } {
  const registry = new Registry();
  registry.setDefaultLabels({ service: 'canary' });
  const registers = [registry];
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name, help, buckets: BUCKETS_S, registers });
  const command = histogram('millrace_canary_command_seconds', 'From the request to the verified outcome');
  const reading = histogram('millrace_canary_reading_seconds', 'From the verified outcome to its reading in SQL');
  const rounds = new Counter({
    name: 'millrace_canary_rounds_total',
    help: 'Rounds by outcome: ok, command-failed, command-late, reading-late, error',
    labelNames: ['outcome'],
    registers,
  });
  const last = new Gauge({
    name: 'millrace_canary_last_success_seconds',
    help: 'When the last round went well, seconds since 1970',
    registers,
  });
  const count = async (work: () => Promise<Measured>): Promise<void> => {
    try {
      const { command_s, reading_s } = await work();
      command.observe(command_s);
      reading.observe(reading_s);
      rounds.inc({ outcome: 'ok' });
      last.set(now() / 1_000);
    } catch (err) {
      rounds.inc({ outcome: err instanceof CanaryError ? err.code : 'error' });
      failed(err);
    }
  };
  return { registry, count };
}
