/** A device with what its model gives it; what the device says itself wins. */
import { type Path } from '../profile/problem';
import {
  type CommandSection,
  type DeviceDefaults,
  type DeviceSection,
  type PointSection,
  type PositionSection,
  type Profile,
  type ReportingSection,
  type RuleSection,
} from '../profile/types';

export interface Placed<T> {
  readonly section: T;
  readonly path: Path;
}

export interface ResolvedDevice {
  readonly section: DeviceSection;
  readonly path: Path;
  /** Settings of model and device merged; points and commands are below. */
  readonly settings: Omit<
    DeviceDefaults,
    'points' | 'points_csv' | 'points_dbc' | 'commands' | 'rules' | 'position' | 'reporting'
  >;
  readonly points: readonly Placed<PointSection>[];
  readonly commands: readonly Placed<CommandSection>[];
  readonly rules: readonly Placed<RuleSection>[];
  readonly position: PositionSection | undefined;
  /** What agent, model and device say; a point may say otherwise. */
  readonly reporting: ReportingSection;
}

export function resolveDevices(profile: Profile): ResolvedDevice[] {
  return profile.devices.map((device, i) => resolve(profile, device, ['devices', i]));
}

function resolve(profile: Profile, device: DeviceSection, path: Path): ResolvedDevice {
  const name = device.model ?? '';
  const model = profile.models?.[name] ?? {};
  const base: Path = ['models', name];
  return {
    section: device,
    path,
    settings: {
      ...pick(model),
      ...pick(device),
      ...((model.limits ?? device.limits) && { limits: { ...model.limits, ...device.limits } }),
    },
    points: merge(
      placed(model.points, [...base, 'points']),
      placed(device.points, [...path, 'points']),
      (p) => p.metric,
    ),
    commands: merge(
      placed(model.commands, [...base, 'commands']),
      placed(device.commands, [...path, 'commands']),
      (c) => c.name,
    ),
    rules: [
      ...merge(placed(model.rules, [...base, 'rules']), placed(device.rules, [...path, 'rules']), (r) => r.name),
      ...placed(profile.rules, ['rules']).filter((r) => r.section.device === device.id),
    ],
    position: device.position ?? model.position,
    reporting: { ...profile.agent.reporting, ...model.reporting, ...device.reporting },
  };
}

function pick({ scan_ms, word_order, byte_order, write_with, namespace, mqtt, amqp }: DeviceDefaults): DeviceDefaults {
  return {
    ...(scan_ms !== undefined && { scan_ms }),
    ...(word_order && { word_order }),
    ...(byte_order && { byte_order }),
    ...(write_with && { write_with }),
    ...(mqtt && { mqtt }),
    ...(amqp && { amqp }),
    ...(namespace !== undefined && { namespace }),
  };
}

function placed<T>(sections: readonly T[] | undefined, path: Path): Placed<T>[] {
  return (sections ?? []).map((section, i) => ({ section, path: [...path, i] }));
}

function merge<T>(base: Placed<T>[], own: Placed<T>[], name: (section: T) => string): Placed<T>[] {
  const overridden = new Set(own.map((o) => name(o.section)));
  return [...base.filter((b) => !overridden.has(name(b.section))), ...own];
}
