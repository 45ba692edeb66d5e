/** What MQTT asks of a profile beyond its schema. */
import { kindOfType, missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type MqttSubscriptionSection } from '../../core/profile/types-mqtt';
import { commandNames, connectionSettings, deviceSettings, sourceOf } from './settings';
import { fill, isPublishable, namesIn, templateFault } from './topic';

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
  return [...issues, ...c.mqtt.subscriptions.flatMap((s, i) => checkSubscription(s, i))];
}

function checkSubscription(s: MqttSubscriptionSection, i: number): Issue[] {
  const path = ['mqtt', 'subscriptions', i];
  const fault = templateFault(s.topic);
  if (fault !== undefined) return [{ path: [...path, 'topic'], value: s.topic, expected: fault }];
  const known = namesIn(s.topic);
  const issues: Issue[] = [];
  for (const key of ['device', 'metric'] as const) {
    const template = s[key] ?? (key === 'device' ? '{device}' : '');
    const unknown = namesIn(template).find((name) => !known.includes(name));
    const expected = `names that the topic has${known.length > 0 ? `: ${known.map((n) => `{${n}}`).join(', ')}` : ''}`;
    if (unknown !== undefined) issues.push({ path: [...path, key], value: template, expected });
  }
  const whole = s.payload === 'number' || s.payload === 'text';
  if (whole && s.metric === undefined)
    issues.push({
      path: [...path, 'payload'],
      value: s.payload,
      expected: 'a "metric" with a payload that is one value',
    });
  for (const key of ['value', 'time'] as const)
    if (whole && s[key] !== undefined)
      issues.push({ path: [...path, key], value: s[key], expected: `no ${key} with payload ${s.payload}` });
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push({ path: [key], value: p[key], expected: `no ${key} with mqtt`, atKey: true });
  const command = p.mqtt?.command;
  if (p.writable && !command) issues.push(missing('an "mqtt.command" that says where values are sent'));
  if (!command) return issues;
  const names = commandNames(p, device);
  const topic = fill(command.topic, names);
  const path = ['mqtt', 'command', 'topic'];
  const known = Object.keys(names).map((n) => `{${n}}`);
  if (topic === undefined) issues.push({ path, value: command.topic, expected: `names among ${known.join(', ')}` });
  else if (!isPublishable(topic)) issues.push({ path, value: command.topic, expected: 'a topic without + and #' });
  return issues;
}
