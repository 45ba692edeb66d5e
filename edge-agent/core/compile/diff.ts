/** What one plan changes of another, so that everything else can go on untouched. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type AgentPlan, type ConnectionPlan, type DevicePlan } from './plan';

export interface PlanDiff {
  /** Names of connections that are no more, or must be made anew because their settings changed. */
  readonly ended: readonly string[];
  readonly begun: readonly ConnectionPlan[];
  /** The line stays; devices on it changed, came or went. */
  readonly altered: readonly ConnectionPlan[];
  /** Devices that are read in another way, or are no more. */
  readonly changed: ReadonlySet<string>;
  /** Rules, fences, or what says where a device is, are not the same. */
  readonly control: boolean;
}

export function diffPlans(before: AgentPlan, after: AgentPlan): PlanDiff {
  const used = (plan: AgentPlan): Map<string, ConnectionPlan> =>
    new Map(plan.connections.filter((c) => c.devices.length > 0).map((c) => [c.name, c]));
  const [old, now] = [used(before), used(after)];
  const sameLine = (name: string): boolean => {
    const [a, b] = [old.get(name), now.get(name)];
    return !!a && !!b && a.protocol === b.protocol && isDeepStrictEqual(a.settings, b.settings);
  };
  const begun = [...now.values()].filter((c) => !sameLine(c.name));
  const sameSessions = before.heartbeat_ms === after.heartbeat_ms;
  const changed = [...before.devices.values()].filter((d) => {
    const next = after.devices.get(d.id);
    return !sameSessions || !next || !sameLine(next.connection) || !readAlike(d, next);
  });
  const ids = new Set(changed.map((d) => d.id));
  const altered = [...now.values()].filter((c) => {
    const was = old.get(c.name);
    if (!was || !sameLine(c.name)) return false;
    return was.devices.length !== c.devices.length || c.devices.some((d) => ids.has(d.id) || !before.devices.has(d.id));
  });
  return {
    ended: [...old.keys()].filter((name) => !sameLine(name)),
    begun,
    altered,
    changed: ids,
    control: !controlledAlike(before, after),
  };
}

/** Commands, labels and paths do not bear on how a device is read. */
function readAlike(a: DevicePlan, b: DevicePlan): boolean {
  const read = ({ connection, unit, points, settings }: DevicePlan): unknown => [connection, unit, points, settings];
  return isDeepStrictEqual(read(a), read(b));
}

/** Compared by what they say: compiled expressions are functions, and carry their text. */
function controlledAlike(a: AgentPlan, b: AgentPlan): boolean {
  const said = ({ rules, fences, devices }: AgentPlan): string => {
    const positions = [...devices.values()].flatMap((d) => (d.position ? [[d.id, d.position]] : []));
    return JSON.stringify([rules, fences, positions], (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
  };
  return said(a) === said(b);
}
