/** Every metric of ours, as the processes' own code registers it. */
import { Registry } from 'prom-client';
import { canaryMetrics } from '../../../deploy/canary/metrics';
import { Metrics } from '../../../deploy/local/clickhouse/metrics';
import { controlMetrics, fieldMetrics } from '../../../edge-agent/field-metrics';
import { durableMetrics } from '../../../edge-agent/io/metrics';
import { vitalMetrics } from '../../../edge-agent/vital-metrics';
import { spanCounter } from '../../../schemas/tracing/from-env';
import { observe, requestDuration, webhookAttempts } from '../../../services/api/metrics';
import { presenceMetrics } from '../../../services/presence/metrics';
import { ProjectorMetrics } from '../../../services/projector/metrics';
import { registryMetrics } from '../../../services/registry/metrics';
import { relayMetrics, watch as watchRelay } from '../../../services/relay/metrics';
import { connectionFailures, measured, watch as watchWorker } from '../../../workflows/io/worker-metrics';

export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly roles: readonly string[];
  readonly help: string;
}

/** Registering reads nothing of what is measured: only collecting would. */
const nothing = undefined as never;
const something = {} as never;

const REGISTERED: Readonly<Record<string, (registry: Registry) => unknown>> = {
  api: (registry) => [requestDuration(registry), webhookAttempts(registry), observe(registry, nothing)],
  registry: registryMetrics,
  presence: (registry) => presenceMetrics(registry, () => []),
  projector: (registry) => new ProjectorMetrics(registry),
  relay: (registry) => [relayMetrics(registry), watchRelay(nothing, registry)],
  worker: (registry) => [measured({}, registry), connectionFailures(registry), watchWorker(nothing, nothing, registry)],
  agent: (registry) => [
    durableMetrics(registry, { outbox: nothing, clock: nothing, shipper: something }),
    vitalMetrics(registry, nothing),
    fieldMetrics(registry, () => [], nothing),
    controlMetrics(registry, () => nothing),
  ],
};

export function everyMetric(): Metric[] {
  const registries = Object.entries(REGISTERED).map(([role, register]): [string, Registry] => {
    const registry = new Registry();
    register(registry);
    spanCounter(registry);
    return [role, registry];
  });
  registries.push([
    'canary',
    canaryMetrics(
      () => 0,
      () => undefined,
    ).registry,
  ]);
  registries.push(['embedded ClickHouse', new Metrics(something).registry]);
  const found = new Map<string, Metric>();
  for (const [role, registry] of registries)
    for (const { name, help, type, labelNames } of registry.getMetricsAsArray() as unknown as Registered[]) {
      const roles = [...(found.get(name)?.roles ?? []), role];
      found.set(name, { name, type, labels: [...labelNames], roles, help: found.get(name)?.help ?? help });
    }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Registered {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}
