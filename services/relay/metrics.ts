import { Counter, Gauge, type Registry } from 'prom-client';
import { type Dispatcher } from './dispatcher';
import { type Outcome } from './signaller';

export interface RelayMetrics {
  /** own: written by the platform itself; absent: its workflow has ended. */
  events(outcome: 'own' | 'unreadable' | Outcome, n: number): void;
  lag(partition: number, records: number): void;
}

export function relayMetrics(registry: Registry): RelayMetrics {
  const events = new Counter({
    name: 'millrace_relay_events_total',
    help: 'Command events by what became of them; transient counts tries, not losses',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const lag = new Gauge({
    name: 'millrace_relay_lag_records',
    help: 'Records of m2m.command-events not yet read',
    labelNames: ['partition'],
    registers: [registry],
  });
  return {
    events: (outcome, n) => events.inc({ outcome }, n),
    lag: (partition, records) => lag.set({ partition: String(partition) }, records),
  };
}

export function watch(dispatcher: Dispatcher, registry: Registry): void {
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name: `millrace_relay_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge(
    'events_in_flight',
    'Events read and not yet handed over; reading stops at 2,000',
    () => dispatcher.eventsInFlight,
  );
  gauge('signals_in_flight', 'Signals under way; at most 32', () => dispatcher.signalsInFlight);
}
