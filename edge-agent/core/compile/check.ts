/** What a JSON Schema cannot say: names that must exist once, references that must lead somewhere, limits that must agree. */
import { closest } from '../profile/closest';
import { type Issue, type Path, pathText } from '../profile/problem';
import { type ConnectionSection, type PointSection, type Profile } from '../profile/types';
import { compileFences } from '../geofence/compile';
import { compileRules } from '../rules/compile';
import { checkCommand } from './check-command';
import { MAX_HISTORY } from '../reporting/history';
import { STATISTICS } from '../reporting/summary';
import { compileDevices, DEFAULT_SCAN_MS } from './compile';
import { foreignSections, type ProtocolRules, rulesFor } from './protocol';
import { type Placed, type ResolvedDevice, resolveDevices } from './resolve';

export function checkProfile(profile: Profile, protocols: readonly ProtocolRules[]): Issue[] {
  const connections = new Map(profile.connections.map((c) => [c.name, c]));
  const resolved = resolveDevices(profile);
  const issues = [
    ...repeated(profile.connections, 'name', ['connections']),
    ...repeated(profile.devices, 'id', ['devices']),
    ...profile.connections.flatMap((c, i) =>
      below(
        ['connections', i],
        [...rulesFor(protocols, c.protocol).checkConnection(c), ...foreignSections(protocols, c.protocol, c)],
      ),
    ),
    ...Object.entries(profile.models ?? {}).flatMap(([name, model]) => [
      ...repeated(model.points ?? [], 'metric', ['models', name, 'points']),
      ...repeated(model.commands ?? [], 'name', ['models', name, 'commands']),
      ...repeated(model.rules ?? [], 'name', ['models', name, 'rules']),
    ]),
    ...resolved.flatMap((device) => checkDevice(profile, device, connections, protocols)),
    ...(profile.rules ?? []).flatMap((rule, i) => checkOwner(rule.device, profile, ['rules', i, 'device'])),
  ];
  const fenced = compileFences(profile.geofences);
  issues.push(...fenced.issues);
  // Rules speak of points: what is wrong with those would be told once more for every rule.
  if (issues.length > 0) return unique(issues);
  const devices = compileDevices(profile, resolved, protocols);
  const fences = new Set(fenced.fences.map((f) => f.name));
  return unique(compileRules(resolved, new Map(devices.map((d) => [d.id, d])), fences).issues);
}

function checkOwner(device: string, profile: Profile, path: Path): Issue[] {
  const ids = profile.devices.map((d) => d.id);
  return ids.includes(device) ? [] : [unknown(path, device, 'a device', ids)];
}

function checkDevice(
  profile: Profile,
  device: ResolvedDevice,
  connections: ReadonlyMap<string, ConnectionSection>,
  protocols: readonly ProtocolRules[],
): Issue[] {
  const { section, path } = device;
  const connection = connections.get(section.connection);
  const issues = [
    ...repeated(section.points ?? [], 'metric', [...path, 'points']),
    ...repeated(section.commands ?? [], 'name', [...path, 'commands']),
    ...repeated(section.rules ?? [], 'name', [...path, 'rules']),
    ...checkRuleNames(device),
    ...checkPosition(device),
  ];
  if (section.id === profile.agent.id)
    issues.push({ path: [...path, 'id'], value: section.id, expected: 'another name than the agent’s own' });
  if (section.model !== undefined && profile.models && !Object.hasOwn(profile.models, section.model))
    issues.push(unknown([...path, 'model'], section.model, 'a model', Object.keys(profile.models)));
  if (!connection)
    return [...issues, unknown([...path, 'connection'], section.connection, 'a connection', connections.keys())];
  if (device.points.length === 0)
    issues.push({ path, value: undefined, expected: 'points, points_csv, points_dbc, or a model that has them' });
  const rules = rulesFor(protocols, connection.protocol);
  issues.push(...checkReporting(device));
  for (const point of device.points) {
    issues.push(...below(point.path, rules.checkPoint(point.section, device, connection)));
    issues.push(...below(point.path, foreignSections(protocols, connection.protocol, point.section)));
    issues.push(...below(point.path, checkPoint(point, rules.kind(point.section))));
  }
  return [...issues, ...device.commands.flatMap((c) => below(c.path, checkCommand(c.section, device, rules)))];
}

/** A rule of the whole profile may not take the name of one that the device has already. */
function checkRuleNames({ rules }: ResolvedDevice): Issue[] {
  return rules.flatMap(({ section, path }, i) => {
    const earlier = rules.slice(0, i).find((r) => r.section.name === section.name);
    if (!earlier || path[0] !== 'rules') return [];
    const expected = `a name used once on the device: ${pathText(earlier.path)} has it already`;
    return [{ path: [...path, 'name'], value: section.name, expected }];
  });
}

/** Readings kept back in memory are bounded, and the names of summaries are free. */
function checkReporting({ points, reporting, settings }: ResolvedDevice): Issue[] {
  const metrics = new Set(points.map((p) => p.section.metric));
  return points.flatMap(({ section, path }) => {
    const { before_ms = 0, summary_ms = 0 } = { ...reporting, ...section.reporting };
    const scan_ms = section.scan_ms ?? settings.scan_ms ?? DEFAULT_SCAN_MS;
    const issues: Issue[] = [];
    if (before_ms / scan_ms > MAX_HISTORY)
      issues.push({
        path,
        value: before_ms,
        expected: `before_ms of at most ${MAX_HISTORY * scan_ms} at its scan time`,
      });
    const taken = summary_ms > 0 ? STATISTICS.find((s) => metrics.has(`${section.metric}.${s}`)) : undefined;
    if (taken !== undefined)
      issues.push({
        path,
        value: section.metric,
        expected: `no metric ${section.metric}.${taken}: its summary is called so`,
      });
    return issues;
  });
}

function checkPosition({ position, points, path }: ResolvedDevice): Issue[] {
  const metrics = points.map((p) => p.section.metric);
  return Object.entries(position ?? {}).flatMap(([part, metric]) =>
    metrics.includes(metric) ? [] : [unknown([...path, 'position', part], metric, 'a metric of the device', metrics)],
  );
}

function checkPoint({ section }: Placed<PointSection>, kind: string): Issue[] {
  const issues: Issue[] = [];
  const { scale, deadband, low, high } = section;
  const numeric = kind === 'number' || kind === 'int64';
  if (scale && !numeric) issues.push({ path: ['scale'], value: undefined, expected: `no scale on a ${kind}` });
  if (scale) issues.push(...checkScale(scale));
  if (low !== undefined && high !== undefined && low >= high)
    issues.push({ path: ['high'], value: high, expected: `more than low (${low})` });
  if (!numeric && (low ?? high) !== undefined)
    issues.push({ path: [low === undefined ? 'high' : 'low'], value: low ?? high, expected: `no limits on a ${kind}` });
  if (typeof deadband === 'object') {
    if (deadband.absolute !== undefined && deadband.percent !== undefined)
      issues.push({ path: ['deadband'], value: deadband, expected: 'absolute or percent, not both' });
    if (deadband.percent !== undefined && ((low ?? scale?.low) === undefined || (high ?? scale?.high) === undefined))
      issues.push({ path: ['deadband', 'percent'], value: deadband.percent, expected: 'low and high on the point' });
  }
  return issues;
}

function checkScale(scale: NonNullable<PointSection['scale']>): Issue[] {
  const { factor, offset, raw_low, raw_high, low, high } = scale;
  const four = [raw_low, raw_high, low, high];
  const path: Path = ['scale'];
  if (four.every((v) => v === undefined))
    return factor === 0 ? [{ path: ['scale', 'factor'], value: 0, expected: 'a number other than 0' }] : [];
  if (factor !== undefined || offset !== undefined || four.some((v) => v === undefined))
    return [{ path, value: scale, expected: 'factor and offset, or all of raw_low, raw_high, low, high' }];
  if (raw_low === raw_high) return [{ path, value: scale, expected: 'raw_low and raw_high to differ' }];
  return low === high ? [{ path, value: scale, expected: 'low and high to differ' }] : [];
}

function repeated<K extends string>(sections: readonly Record<K, string>[], name: K, path: Path): Issue[] {
  const first = new Map<string, number>();
  return sections.flatMap((section, i) => {
    const seen = first.get(section[name]);
    if (seen === undefined) first.set(section[name], i);
    const expected = `a name used once: ${pathText([...path, seen ?? i])} has it already`;
    return seen === undefined ? [] : [{ path: [...path, i, name], value: section[name], expected }];
  });
}

export function unknown(path: Path, value: string, what: string, known: Iterable<string>): Issue {
  const names = [...known];
  const suggestion = closest(value, names);
  const list = names.length <= 12 ? `: ${names.join(', ')}` : ` (${names.length} are defined)`;
  return { path, value, expected: `${what}${list}`, ...(suggestion && { suggestion }) };
}

function below(path: Path, issues: readonly Issue[]): Issue[] {
  return issues.map((i) => ({ ...i, path: [...path, ...i.path] }));
}

/** A model's point is checked in every device that uses it; one finding is enough. */
function unique(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((i) => [`${pathText(i.path)} ${i.expected}`, i])).values()];
}
