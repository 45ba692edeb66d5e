import { type Point } from '../../schemas/generated';
import { type AgentPlan } from './compile/plan';

/** What every metric of the plan means, as published on m2m.points. */
export function pointRecords(plan: AgentPlan, at: number): Point[] {
  return [...plan.devices.values()].flatMap((device) =>
    device.points.map((point) => ({
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

/** What a record says apart from when: records with equal meaning need not be published again. */
export function meaning(record: Point): string {
  return JSON.stringify({ ...record, at: 0 });
}
