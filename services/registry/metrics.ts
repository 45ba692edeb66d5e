import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { lagGauge } from '../lib/lag-gauge';

export interface RegistryMetrics {
  decision(outcome: string, type: string, count: number): void;
  lag(topic: string, partition: number, messages: number): void;
  transaction(requests: number, seconds: number): void;
  devices(partition: number, count: number): void;
  /** Forgets partitions that went elsewhere. */
  revoked(topic: string, partition: number): void;
}

const TRANSACTION_BUCKETS_S = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const REQUEST_BUCKETS = [1, 2, 5, 10, 50, 100, 250, 500, 1_000];

export function registryMetrics(registry: Registry): RegistryMetrics {
  const registers = [registry];
  const decisions = new Counter({
    name: 'millrace_registry_decisions_total',
    help: 'Device requests decided and committed, by outcome of the reply (refused: dead-lettered) and type of request',
    labelNames: ['outcome', 'type'],
    registers,
  });
  const lag = lagGauge(registry);
  const seconds = new Histogram({
    name: 'millrace_registry_transaction_seconds',
    help: 'Time from the first decision of a batch to its commit',
    buckets: TRANSACTION_BUCKETS_S,
    registers,
  });
  const requests = new Histogram({
    name: 'millrace_registry_transaction_requests',
    help: 'Requests decided in one transaction',
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const devices = new Gauge({
    name: 'millrace_registry_devices',
    help: 'Devices held in memory',
    labelNames: ['partition'],
    registers,
  });
  return {
    decision: (outcome, type, count) => decisions.inc({ outcome, type }, count),
    lag: (topic, partition, messages) => lag.set({ topic, partition }, messages),
    transaction: (count, s) => {
      requests.observe(count);
      seconds.observe(s);
    },
    devices: (partition, count) => devices.set({ partition }, count),
    revoked: (topic, partition) => {
      lag.remove({ topic, partition });
      devices.remove({ partition });
    },
  };
}
