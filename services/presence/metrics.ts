import { Counter, Gauge, type Registry } from 'prom-client';
import { STATUSES, type Status } from '../domain/session';
import { lagGauge } from '../lib/lag-gauge';
import { type PresenceDeps } from './partition';

export interface PresenceMetrics {
  readonly count: PresenceDeps['count'];
  lag(topic: string, partition: number, messages: number): void;
  revoked(topic: string, partition: number): void;
}

/** `sessions` is asked when somebody looks. */
export function presenceMetrics(
  registry: Registry,
  sessions: () => readonly Record<Status, number>[],
): PresenceMetrics {
  const registers = [registry];
  const counters = {
    event: new Counter({ name: 'millrace_presence_events_total', help: 'Session events read', registers }),
    change: new Counter({ name: 'millrace_presence_changes_total', help: 'Changes of presence told', registers }),
    refused: new Counter({
      name: 'millrace_presence_refused_total',
      help: 'Events sent to the dead letters',
      registers,
    }),
    'over-limit': new Counter({
      name: 'millrace_presence_over_limit_total',
      help: 'Events of devices beyond the sessions one partition holds',
      registers,
    }),
  };
  const lag = lagGauge(registry);
  new Gauge({
    name: 'millrace_presence_sessions',
    help: 'Sessions held in memory, by what is told of them',
    labelNames: ['status'],
    registers,
    collect() {
      const counts = sessions();
      for (const status of STATUSES)
        this.set(
          { status },
          counts.reduce((n, c) => n + c[status], 0),
        );
    },
  });
  return {
    count: (what, n) => counters[what].inc(n),
    lag: (topic, partition, messages) => lag.set({ topic, partition }, messages),
    revoked: (topic, partition) => lag.remove({ topic, partition }),
  };
}
