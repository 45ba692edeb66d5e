import { type Point } from '../../schemas/generated';
import { type AgentPlan, type PointPlan } from './compile/plan';
import { STATISTICS } from './reporting/summary';

/** What every metric of the plan means, as published on m2m.points. */
export function pointRecords(plan: AgentPlan, at: number): Point[] {
  return [...plan.devices.values()].flatMap((device) =>
    [...device.points, ...device.points.flatMap(summaries), ...rulesOf(plan, device.id)].map((point) => ({
      tenant: plan.tenant,
      device_id: device.id,
      metric: point.metric,
      kind: point.kind,
      unit: point.unit,
      source_unit: point.source_unit,
      description: point.description,
      path: device.path,
      writable: point.writable,
      low: point.low ?? null,
      high: point.high ?? null,
      at,
    })),
  );
}

type Meaning = Omit<PointPlan, 'scan_ms' | 'source'>;

function summaries(point: PointPlan): Meaning[] {
  if (!point.reporting || point.reporting.summary_ms === 0 || point.kind === 'text') return [];
  const { metric, reporting, unit } = point;
  return STATISTICS.map((statistic) => ({
    metric: `${metric}.${statistic}`,
    kind: 'number',
    unit: statistic === 'count' ? '1' : unit,
    source_unit: '',
    description: `${statistic} of ${metric} over ${reporting.summary_ms / 1_000} s from its time on`,
    writable: false,
  }));
}

function rulesOf(plan: AgentPlan, device: string): Meaning[] {
  return plan.rules
    .filter((rule) => rule.device === device)
    .map(({ name, description, when }) => ({
      ...{ metric: `rule.${name}`, kind: 'boolean', unit: '', source_unit: '', writable: false },
      description: description || when.text,
    }));
}

/** What a record says apart from when: records with equal meaning need not be published again. */
export function meaning(record: Point): string {
  return JSON.stringify({ ...record, at: 0 });
}
