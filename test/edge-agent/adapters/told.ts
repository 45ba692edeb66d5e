/** Readings as golden cases have them: one line each. */
import { type Sample } from '../../../edge-agent/adapter';
import { type AgentPlan } from '../../../edge-agent/core/compile/plan';
import { toReading } from '../../../edge-agent/core/reading';

/** `now`: a time that stands for the arrival. */
export const told = (plan: AgentPlan, samples: readonly Sample[], now: number): string[] =>
  samples.map((sample) => {
    const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
    if (!point) throw new Error(`no point ${sample.metric}`);
    const { value, quality, at } = toReading(point, sample);
    const what = `${sample.device}/${sample.metric} ${typeof value} ${String(value)} ${point.unit}`.trimEnd();
    return `${what} quality ${quality} at ${at === now ? 'arrival' : at}`;
  });
