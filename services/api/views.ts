/** Records of the stream as the API shows them: times as ISO 8601, no internal fields. */
import {
  type AlarmEvent,
  type CommandEvent,
  type Definition,
  type DeviceEvent,
  type DeviceState,
  type Presence,
  type TelemetryFrame,
} from '../../schemas/generated';
import { qualityClass } from '../../schemas/quality';
import { type CommandView, jsonObject } from '../domain/command';
import { allowedMoves, type From, type RequestType } from '../domain/device';
import { healthOf } from '../domain/session';
import { type DecommissionProgress } from '../../workflows/decommission/messages';
import { type Entry } from './directory';

export const iso = (ms: number): string => new Date(ms).toISOString();

/** Moves as the API names them; those that only the decommissioning workflow may ask for are left out. */
const VERBS: Partial<Record<RequestType, string>> = {
  provision: 'provision',
  activate: 'activate',
  suspend: 'suspend',
  resume: 'resume',
  quarantine: 'quarantine',
  release: 'release',
  replace: 'replace',
  'begin-decommission': 'decommission',
};

export const allowedVerbs = (state: string): string[] => allowedMoves(state as From).flatMap((m) => VERBS[m] ?? []);

export function deviceView({ device: d, presence }: Entry) {
  return {
    device_id: d.device_id,
    version: d.version,
    state: d.state,
    allowed: allowedVerbs(d.state),
    name: d.name,
    model: d.model,
    agent_id: d.agent_id,
    path: d.path,
    labels: d.labels,
    parent_id: d.parent_id,
    serial: d.serial,
    replacements: d.replacements,
    config: { desired_version: d.desired_version, reported_version: d.reported_version },
    reason: d.reason,
    registered_at: iso(d.registered_at),
    changed_at: iso(d.changed_at),
    ...(presence && { presence: presenceView(presence) }),
  };
}

/** As it is now: also how it does. */
export function currentView(entry: Entry) {
  const health = healthOf(entry.device, entry.presence);
  return { ...deviceView(entry), ...(health && { health }) };
}

/** The fields asked for, in the order of the view; all of them when none are. */
export function selected<T extends object>(view: T, fields: readonly string[] | undefined): Partial<T> {
  if (!fields) return view;
  return Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name))) as Partial<T>;
}

export const configView = (d: DeviceState) => ({
  desired: jsonObject(d.desired),
  desired_version: d.desired_version,
  reported: jsonObject(d.reported),
  reported_version: d.reported_version,
  in_sync: d.desired_version === d.reported_version,
});

export const definitionView = (d: Definition) => ({
  name: d.name,
  version: d.version,
  ...jsonObject(d.body),
  created_at: iso(d.created_at),
  changed_at: iso(d.at),
  changed_by: d.actor,
});

export const presenceView = (p: Presence) => ({
  status: p.status,
  since: iso(p.since),
  last_seen: iso(p.last_seen),
  reason: p.reason,
});

export function commandView(v: CommandView) {
  return {
    command_id: v.command_id,
    device_id: v.device_id,
    agent_id: v.agent_id,
    name: v.name,
    args: v.args,
    qos: v.qos,
    state: v.state,
    final: v.final,
    settled: v.settled,
    result: v.result,
    detail: v.detail,
    transitions: v.transitions.map((t) => ({ ...t, at: iso(t.at) })),
  };
}

export const decommissionView = ({ steps, task, ...rest }: DecommissionProgress) => ({
  ...rest,
  steps: steps.map(({ started_at, ended_at, ...s }) => ({
    ...s,
    ...(started_at !== undefined && { started_at: iso(started_at) }),
    ...(ended_at !== undefined && { ended_at: iso(ended_at) }),
  })),
  ...(task && { task: { ...task, since: iso(task.since) } }),
});

export const lifecycleView = (e: DeviceEvent) => ({
  device_id: e.device_id,
  version: e.version,
  type: e.type,
  state_from: e.state_from,
  state_to: e.state_to,
  at: iso(e.at),
  actor: e.actor,
  reason: e.reason,
  data: jsonObject(e.data),
});

export const commandEventView = (e: CommandEvent) => ({
  command_id: e.command_id,
  device_id: e.device_id,
  agent_id: e.agent_id,
  name: e.name,
  state: e.state,
  at: iso(e.at),
  actor: e.actor,
  attempt: e.attempt,
  detail: e.detail,
  result: jsonObject(e.result),
});

export const alarmView = (a: AlarmEvent) => ({ ...a, at: iso(a.at), tenant: undefined });

/** One object per series with its newest reading: what a live display needs of a frame. */
export function frameView(f: TelemetryFrame) {
  const series = [...f.series, ...f.text_series, ...f.int_series].flatMap((s) => {
    const last = s.dt.length - 1;
    if (last < 0) return [];
    const value = s.value[last];
    const quality = s.quality[last] ?? 0;
    return [
      {
        metric: s.metric,
        at: iso(f.ts + (s.dt[last] ?? 0)),
        value: typeof value === 'bigint' ? value.toString() : Number.isNaN(value) ? null : value,
        quality: qualityClass(quality),
        quality_code: quality,
        readings: s.dt.length,
      },
    ];
  });
  return { device_id: f.device_id, agent_id: f.agent_id, seq: f.seq, series };
}
