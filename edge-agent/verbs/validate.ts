/** `agent validate`: says what is wrong with a profile, or what it amounts to. */
import { type AgentPlan } from '../core/compile/plan';
import { rulesFor } from '../core/compile/protocol';
import { type Env } from '../core/profile/document';
import { problemText } from '../core/profile/problem';
import { ProfileError, PROTOCOLS, readPlan } from '../profile-file';

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Exit code: 0 valid, 1 not. */
export function validate(file: string, env: Env, json: boolean, output: Output): number {
  let plan: AgentPlan;
  try {
    plan = readPlan(file, env);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    if (json) output.out(JSON.stringify({ valid: false, problems: error.problems }));
    else output.err(`${error.problems.map(problemText).join('\n')}\n${countText(error.problems.length, 'problem')}`);
    return 1;
  }
  const summary = summaryOf(plan);
  if (json) output.out(JSON.stringify({ valid: true, ...summary }));
  else output.out(summaryText(file, summary));
  return 0;
}

interface Summary {
  readonly agent_id: string;
  readonly tenant: string;
  readonly devices: number;
  readonly points: number;
  readonly commands: number;
  readonly rules: number;
  readonly geofences: number;
  readonly connections: readonly {
    name: string;
    protocol: string;
    devices: number;
    points: number;
    /** Absent when the field sends by itself. */
    requests?: number;
    /** Share of the time of a serial line that the frames take, %. */
    load_percent?: number;
  }[];
}

function summaryOf(plan: AgentPlan): Summary {
  const devices = [...plan.devices.values()];
  return {
    agent_id: plan.agent_id,
    tenant: plan.tenant,
    devices: devices.length,
    points: devices.reduce((n, d) => n + d.points.length, 0),
    commands: devices.reduce((n, d) => n + d.commands.size, 0),
    rules: plan.rules.length,
    geofences: plan.fences.length,
    connections: plan.connections.map((c) => ({
      name: c.name,
      protocol: c.protocol,
      devices: c.devices.length,
      points: c.devices.reduce((n, d) => n + d.points.length, 0),
      ...rulesFor(PROTOCOLS, c.protocol).load?.(c),
    })),
  };
}

function summaryText(file: string, s: Summary): string {
  const lines = s.connections.map(
    (c) =>
      `  ${c.name} (${c.protocol}): ${countText(c.devices, 'device')}, ${countText(c.points, 'point')}${requestText(c.requests)}${loadText(c.load_percent)}`,
  );
  const all = { device: s.devices, point: s.points, command: s.commands };
  const more = { rule: s.rules, geofence: s.geofences };
  const told = [...Object.entries(all), ...Object.entries(more).filter(([, n]) => n > 0)];
  const total = told.map(([what, n]) => countText(n, what)).join(', ');
  return [`${file} is valid: agent ${s.agent_id} of tenant ${s.tenant}, ${total}`, ...lines].join('\n');
}

const requestText = (n: number | undefined): string => (n === undefined ? '' : ` in ${countText(n, 'request')}`);

function loadText(percent: number | undefined): string {
  if (percent === undefined) return '';
  const verdict = percent > 100 ? ': scans will be missed; raise baud_rate or scan_ms' : '';
  return `, ${percent} % of the line's time${verdict}`;
}

const countText = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
