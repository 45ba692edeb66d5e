/** `agent validate`: says what is wrong with a profile, or what it amounts to. */
import { planReads, type PlanPoint } from '../adapters/modbus/plan';
import { lineLoad } from '../adapters/modbus/serial-time';
import {
  type ModbusConnectionSettings,
  type ModbusDeviceSettings,
  type ModbusSource,
} from '../adapters/modbus/settings';
import { type AgentPlan, type ConnectionPlan } from '../core/compile/plan';
import { type Env } from '../core/profile/document';
import { problemText } from '../core/profile/problem';
import { ProfileError, readPlan } from '../profile-file';

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
    requests: number;
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
    connections: plan.connections.map((c) => {
      const reads = planReads(pointsOf(c));
      const load = lineLoad(reads, c.settings as ModbusConnectionSettings);
      return {
        name: c.name,
        protocol: c.protocol,
        devices: c.devices.length,
        points: c.devices.reduce((n, d) => n + d.points.length, 0),
        requests: reads.length,
        ...(load !== undefined && { load_percent: Math.round(100 * load) }),
      };
    }),
  };
}

function pointsOf(connection: ConnectionPlan): PlanPoint[] {
  return connection.devices.flatMap((d) =>
    d.points.map((p) => ({
      device: d.id,
      metric: p.metric,
      unit: d.unit,
      scan_ms: p.scan_ms,
      limits: (d.settings as ModbusDeviceSettings).limits,
      source: p.source as ModbusSource,
    })),
  );
}

function summaryText(file: string, s: Summary): string {
  const lines = s.connections.map(
    (c) =>
      `  ${c.name} (${c.protocol}): ${countText(c.devices, 'device')}, ${countText(c.points, 'point')} in ${countText(c.requests, 'request')}${loadText(c.load_percent)}`,
  );
  const all = { device: s.devices, point: s.points, command: s.commands };
  const more = { rule: s.rules, geofence: s.geofences };
  const told = [...Object.entries(all), ...Object.entries(more).filter(([, n]) => n > 0)];
  const total = told.map(([what, n]) => countText(n, what)).join(', ');
  return [`${file} is valid: agent ${s.agent_id} of tenant ${s.tenant}, ${total}`, ...lines].join('\n');
}

function loadText(percent: number | undefined): string {
  if (percent === undefined) return '';
  const verdict = percent > 100 ? ': scans will be missed; raise baud_rate or scan_ms' : '';
  return `, ${percent} % of the line's time${verdict}`;
}

const countText = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
