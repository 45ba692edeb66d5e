/** What BACnet asks of a profile beyond its schema. */
import { type ConnectionPlan, type PointKind } from '../../core/compile/plan';
import { missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { isCommandable, objectId, objectType } from './objects';
import { planReads } from './plan';
import { connectionSettings, deviceSettings, sourceOf } from './settings';

export const bacnetRules: ProtocolRules = {
  protocols: ['bacnet'],
  section: 'bacnet',
  kind,
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
  load: (connection: ConnectionPlan) => ({
    requests: connection.devices.reduce((n, d) => n + planReads(d).length, 0),
  }),
};

function kind({ type, object }: PointSection): PointKind {
  if (type === 'bool') return 'boolean';
  return type === 'string' || object?.startsWith('character-string-value') ? 'text' : 'number';
}

function checkConnection(c: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['host', 'port', 'serial', 'in_flight', 'pause_ms', 'limits'] as const)
    if (c[key] !== undefined) issues.push(not([key], c[key], `no ${key} with bacnet: see its section "bacnet"`));
  const { initial_ms = 0, max_ms = Infinity } = c.backoff ?? {};
  if (initial_ms > max_ms) issues.push(not(['backoff', 'max_ms'], max_ms, `at least initial_ms (${initial_ms})`));
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  if (p.object === undefined) return [missing('an "object"')];
  const issues: Issue[] = [];
  const { address, instance } = device.section.bacnet ?? {};
  if (address === undefined && instance === undefined)
    issues.push(missing('of its device a "bacnet" section with an address or an instance'));
  for (const key of ['table', 'address', 'node', 'length', 'bit', 'bit_count'] as const)
    if (p[key] !== undefined) issues.push(not([key], p[key], `no ${key} with bacnet`));
  const object = objectId(p.object);
  if (!object) return [...issues, not(['object'], p.object, 'type,instance such as analog-input,1')];
  const type = objectType(object.type) ?? '';
  if (p.writable && !isCommandable(object.type))
    issues.push(not(['writable'], true, `false: ${type} cannot be written`));
  if (p.bacnet?.override && (p.type !== 'bool' || !isCommandable(object.type)))
    issues.push(not(['bacnet', 'override'], true, 'type: bool and an object with priorities'));
  if (p.bacnet?.override && p.bacnet.cov) issues.push(not(['bacnet', 'cov'], true, 'no cov with override'));
  if (p.type === 'bool' && !p.bacnet?.override && !type.startsWith('binary-'))
    issues.push(not(['type'], p.type, `no bool on ${type}`));
  return issues;
}

function not(path: Issue['path'], value: unknown, expected: string): Issue {
  return { path, value, expected };
}
