/** Which devices come in which stage of a campaign. Pure: the same campaign and devices give the same stages. */
import { type Target } from '../batch';

export interface Stage {
  /** Of all devices, those of the stages before included; the last stage has 100. */
  readonly percent: number;
  /** Time the stage's devices must work before the next begins, ms. */
  readonly soak_ms: number;
}

const HOUR_MS = 3_600_000;
export const DEFAULT_STAGES: readonly Stage[] = [
  { percent: 1, soak_ms: HOUR_MS },
  { percent: 10, soak_ms: HOUR_MS },
  { percent: 50, soak_ms: HOUR_MS },
  { percent: 100, soak_ms: 0 },
];
export const MAX_STAGES = 20;

/** What is wrong with the stages, in words; undefined when nothing is. */
export function stageFault(stages: readonly Stage[]): string | undefined {
  if (stages.length === 0 || stages.length > MAX_STAGES) return `there must be 1 to ${MAX_STAGES} stages`;
  if (stages.some((s, i) => s.percent <= (stages[i - 1]?.percent ?? 0)))
    return 'each stage must have more than the one before';
  return stages.at(-1)?.percent === 100 ? undefined : 'the last stage must have 100 percent';
}

/**
 * Every device in exactly one stage, each stage at least one while there are devices. Canaries first; the others in an order that
 * has nothing to do with their names, so that no stage is one site.
 */
export function plan(
  campaignId: string,
  targets: readonly Target[],
  canaries: ReadonlySet<string>,
  stages: readonly Stage[],
): readonly (readonly Target[])[] {
  const place = (t: Target): number => (canaries.has(t.device_id) ? -1 : hash(`${campaignId}/${t.device_id}`));
  const ordered = targets
    .map((t) => [place(t), t] as const)
    .sort(([a, x], [b, y]) => a - b || (x.device_id < y.device_id ? -1 : 1))
    .map(([, t]) => t);
  let from = 0;
  return stages.map(({ percent }) => {
    const to = Math.max(from, Math.ceil((ordered.length * percent) / 100));
    const stage = ordered.slice(from, to);
    from = to;
    return stage;
  });
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
