/** What the worker tells Prometheus. */
import { type Worker } from '@temporalio/worker';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Publisher } from '../../schemas/publisher';

type Activities = Record<string, (argument: never) => Promise<unknown>>;

/** Wraps activities so that each is counted by outcome and timed. */
export function measured<A extends object>(activities: A, registry: Registry): A {
  const seconds = new Histogram({
    name: 'millrace_worker_activity_seconds',
    help: 'Time an activity took, by name and outcome',
    labelNames: ['activity', 'outcome'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [registry],
  });
  const wrap = ([activity, work]: [string, Activities[string]]): [string, Activities[string]] => [
    activity,
    async (argument) => {
      const stop = seconds.startTimer({ activity });
      try {
        const result = await work(argument);
        stop({ outcome: 'ok' });
        return result;
      } catch (error) {
        stop({ outcome: 'failed' });
        throw error;
      }
    },
  ];
  return Object.fromEntries(Object.entries(activities as Activities).map(wrap)) as A;
}

export function connectionFailures(registry: Registry): Counter<'what'> {
  return new Counter({
    name: 'millrace_worker_connection_failures_total',
    help: 'Attempts to reach Temporal or Kafka at start that failed',
    labelNames: ['what'],
    registers: [registry],
  });
}

export function watch(worker: Worker, publisher: Publisher, registry: Registry): void {
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name: `millrace_worker_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('running', '1 while the worker polls for tasks', () => (worker.getState() === 'RUNNING' ? 1 : 0));
  gauge('workflows_cached', 'Workflows held in memory', () => worker.getStatus().numCachedWorkflows);
  gauge('activities_in_flight', 'Activities being executed', () => worker.getStatus().numInFlightActivities);
  gauge('publish_waiting', 'Messages waiting to be written to Kafka; refused from 10,000 on', () => publisher.waiting);
}
