/** What Sparkplug B asks of a profile beyond its schema. */
import { kindOfType, missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { connectionSettings, deviceSettings, sourceOf } from './settings';

export const sparkplugRules: ProtocolRules = {
  protocols: ['sparkplug-b'],
  section: 'sparkplug',
  // The birth says what type a metric is; the profile says what kind of reading it is to become.
  kind: ({ type }) => kindOfType(type),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

function checkConnection(c: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  if (c.host === undefined) issues.push(missing('a "host" for sparkplug-b'));
  for (const key of ['serial', 'limits', 'in_flight', 'pause_ms'] as const)
    if (c[key] !== undefined) issues.push(not([key], `no ${key} with sparkplug-b`));
  if (!c.sparkplug) return [...issues, missing('a "sparkplug" section')];
  if (c.sparkplug.password !== undefined && c.sparkplug.password_file !== undefined)
    issues.push(not(['sparkplug', 'password_file'], 'password or password_file, not both'));
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  const issues: Issue[] = [];
  if (!device.section.sparkplug) issues.push(missing('a "sparkplug" section on the device: group, node, device'));
  for (const key of ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push(not([key], `no ${key} with sparkplug-b`));
  return issues;
}

const not = (path: Issue['path'], expected: string): Issue => ({ path, value: undefined, expected, atKey: true });
