/** What MQTT asks of a profile beyond its schema. */
import { kindOfType, missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { commandNames, connectionSettings, deviceSettings, sourceOf } from './settings';
import { checkCommandTopic, checkSubscription } from '../../wire/mqtt/mapping-rules';

export const mqttRules: ProtocolRules = {
  protocols: ['mqtt'],
  section: 'mqtt',
  kind: ({ type }) => kindOfType(type),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

function checkConnection(c: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  if (c.host === undefined) issues.push(missing('a "host" for mqtt'));
  for (const key of ['serial', 'limits', 'in_flight', 'pause_ms'] as const)
    if (c[key] !== undefined)
      issues.push({ path: [key], value: undefined, expected: `no ${key} with mqtt`, atKey: true });
  if (!c.mqtt) return [...issues, missing('an "mqtt" section')];
  if (c.mqtt.password !== undefined && c.mqtt.password_file !== undefined)
    issues.push({ path: ['mqtt', 'password_file'], value: undefined, expected: 'password or password_file, not both' });
  return [...issues, ...c.mqtt.subscriptions.flatMap((s, i) => checkSubscription(s, ['mqtt', 'subscriptions', i]))];
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push({ path: [key], value: p[key], expected: `no ${key} with mqtt`, atKey: true });
  const command = p.mqtt?.command;
  if (p.writable && !command) issues.push(missing('an "mqtt.command" that says where values are sent'));
  if (!command) return issues;
  return [...issues, ...checkCommandTopic(command.topic, commandNames(p, device))];
}
