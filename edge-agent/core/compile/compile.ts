/** A checked profile to the plan the agent runs on. */
import {
  type CommandSection,
  type ConnectionSection,
  type DeadbandSection,
  type Literal,
  type PointSection,
  type Profile,
  type ReportingSection,
} from '../profile/types';
import { pathText } from '../profile/problem';
import { compileFences } from '../geofence/compile';
import { compileRules } from '../rules/compile';
import { argOf, isList } from './check-command';
import {
  type AgentPlan,
  type CommandPlan,
  type DevicePlan,
  type ExceptionReport,
  type Operand,
  type PointPlan,
  type ReportingPlan,
  type VerifyPlan,
} from './plan';
import { type ProtocolRules, rulesFor } from './protocol';
import { type ResolvedDevice, resolveDevices } from './resolve';
import { compileScale } from './scale';

export const DEFAULT_SCAN_MS = 1_000;
export const DEFAULT_HEARTBEAT_MS = 30_000;
export const DEFAULT_FRAME_AGE_MS = 250;
export const DEFAULT_FRAME_READINGS = 1_000;
export const DEFAULT_REPORT_HEARTBEAT_MS = 60_000;
export const DEFAULT_BEFORE_MS = 60_000;
export const DEFAULT_AFTER_MS = 30_000;
export const DEFAULT_VERIFY_WITHIN_MS = 2_000;
export const DEFAULT_TELEMETRY_MB = 800;
export const DEFAULT_PRIORITY_MB = 64;
const MIB = 1024 * 1024;

/** `profile` has passed checkProfile; a broken reference here is a defect of ours and throws. */
export function compileProfile(profile: Profile, protocols: readonly ProtocolRules[]): AgentPlan {
  const resolved = resolveDevices(profile);
  const devices = compileDevices(profile, resolved, protocols);
  const { fences } = compileFences(profile.geofences);
  const byId = new Map(devices.map((d) => [d.id, d]));
  const { rules, issues } = compileRules(resolved, byId, new Set(fences.map((f) => f.name)));
  if (issues[0]) throw new Error(`${pathText(issues[0].path)}: expected ${issues[0].expected}`);
  const { agent } = profile;
  return {
    agent_id: agent.id,
    tenant: agent.tenant ?? 'default',
    path: agent.path ?? '',
    heartbeat_ms: agent.heartbeat_ms ?? DEFAULT_HEARTBEAT_MS,
    frame_age_ms: agent.frame?.max_age_ms ?? DEFAULT_FRAME_AGE_MS,
    frame_readings: agent.frame?.max_readings ?? DEFAULT_FRAME_READINGS,
    telemetry_bytes: (agent.outbox?.telemetry_mb ?? DEFAULT_TELEMETRY_MB) * MIB,
    priority_bytes: (agent.outbox?.priority_mb ?? DEFAULT_PRIORITY_MB) * MIB,
    connections: profile.connections.map((c) => ({
      name: c.name,
      protocol: c.protocol,
      devices: devices.filter((d) => d.connection === c.name),
      settings: rulesFor(protocols, c.protocol).connectionSettings(c),
    })),
    devices: byId,
    rules,
    fences,
  };
}

export function compileDevices(
  profile: Profile,
  resolved: readonly ResolvedDevice[],
  protocols: readonly ProtocolRules[],
): DevicePlan[] {
  const connections = new Map(profile.connections.map((c) => [c.name, c]));
  return resolved.map((device) => {
    const connection = connections.get(device.section.connection);
    if (!connection) throw new Error(`device ${device.section.id}: no connection ${device.section.connection}`);
    return compileDevice(profile, device, connection, rulesFor(protocols, connection.protocol));
  });
}

function compileDevice(
  profile: Profile,
  device: ResolvedDevice,
  connection: ConnectionSection,
  rules: ProtocolRules,
): DevicePlan {
  const { section } = device;
  const points = device.points.map((p) => compilePoint(p.section, device, rules));
  return {
    id: section.id,
    connection: section.connection,
    protocol: connection.protocol,
    unit: section.unit ?? 1,
    path: section.path ?? profile.agent.path ?? '',
    model: section.model ?? '',
    labels: section.labels ?? {},
    points,
    byMetric: new Map(points.map((p) => [p.metric, p])),
    commands: new Map(device.commands.map(({ section: c }) => [c.name, compileCommand(c)])),
    ...(device.position && { position: device.position }),
    settings: rules.deviceSettings(device, connection),
  };
}

function compilePoint(point: PointSection, device: ResolvedDevice, rules: ProtocolRules): PointPlan {
  const scale = compileScale(point.scale);
  const low = point.low ?? lowest(point.scale);
  const high = point.high ?? highest(point.scale);
  const report = compileReport(point.deadband, (high ?? 0) - (low ?? 0));
  const kind = rules.kind(point);
  const reporting = compileReporting({ ...device.reporting, ...point.reporting });
  return {
    metric: point.metric,
    kind: scale && kind === 'int64' ? 'number' : kind,
    scan_ms: point.scan_ms ?? device.settings.scan_ms ?? DEFAULT_SCAN_MS,
    writable: point.writable ?? false,
    ...(scale && { scale }),
    ...(report && { report }),
    ...(reporting && { reporting }),
    ...(low !== undefined && { low }),
    ...(high !== undefined && { high }),
    unit: point.unit ?? '',
    source_unit: point.source_unit ?? '',
    description: point.description ?? '',
    source: rules.pointSource(point, device),
  };
}

/** The engineering ends of a four-point scale are the point's limits unless it says otherwise. */
const lowest = (s: PointSection['scale']): number | undefined =>
  s?.low === undefined || s.high === undefined ? undefined : Math.min(s.low, s.high);
const highest = (s: PointSection['scale']): number | undefined =>
  s?.low === undefined || s.high === undefined ? undefined : Math.max(s.low, s.high);

function compileReport(deadband: PointSection['deadband'], span: number): ExceptionReport | undefined {
  if (deadband === undefined) return undefined;
  const section: DeadbandSection = typeof deadband === 'number' ? { absolute: deadband } : deadband;
  return {
    band: section.absolute ?? ((section.percent ?? 0) / 100) * span,
    heartbeat_ms: section.heartbeat_ms ?? DEFAULT_REPORT_HEARTBEAT_MS,
  };
}

function compileReporting({ mode, summary_ms, before_ms, after_ms }: ReportingSection): ReportingPlan | undefined {
  const raw = mode !== 'anomalies';
  if (raw && !summary_ms && !before_ms) return undefined;
  return {
    raw,
    summary_ms: summary_ms ?? 0,
    before_ms: before_ms ?? (raw ? 0 : DEFAULT_BEFORE_MS),
    after_ms: after_ms ?? (raw ? 0 : DEFAULT_AFTER_MS),
  };
}

function compileCommand(command: CommandSection): CommandPlan {
  const writes = command.writes.map(({ metric, value }) => ({
    metric,
    value: isList(value) ? { list: value.map(operand) } : operand(value),
  }));
  return {
    name: command.name,
    description: command.description ?? '',
    args: (command.args ?? []).map((a) => ({
      name: a.name,
      type: a.type ?? 'number',
      unit: a.unit ?? '',
      description: a.description ?? '',
      ...(a.min !== undefined && { min: a.min }),
      ...(a.max !== undefined && { max: a.max }),
      ...(a.default !== undefined && { default: a.default }),
    })),
    writes,
    verify: compileVerify(command, writes),
  };
}

function compileVerify(command: CommandSection, writes: CommandPlan['writes']): VerifyPlan[] {
  const within_ms = command.within_ms ?? DEFAULT_VERIFY_WITHIN_MS;
  if (command.verify === 'none') return [];
  if (command.verify === undefined || command.verify === 'read-back') {
    // A point written twice holds the last value.
    const last = new Map(writes.map((w) => [w.metric, w]));
    return [...last.values()].flatMap(({ metric, value }) => ('list' in value ? [] : [{ metric, value, within_ms }]));
  }
  return command.verify.map((v) => ({
    metric: v.metric,
    value: operand(v.value),
    ...(v.tolerance !== undefined && { tolerance: v.tolerance }),
    within_ms: v.within_ms ?? within_ms,
  }));
}

function operand(value: Literal): Operand {
  const arg = argOf(value);
  if (arg !== undefined) return { arg };
  return { literal: typeof value === 'string' && value.startsWith('$$') ? value.slice(1) : value };
}
