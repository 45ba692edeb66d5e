/** What devices that connect over MQTT ask of a profile beyond its schema. */
import { kindOfType, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { checkCommandTopic, checkSubscription } from '../../wire/mqtt/mapping-rules';
import { checkDesk, checkNoRegisters, checkSecret } from '../../wire/posts/rules';
import { COMMAND_TOPIC, commandNames, connectionSettings, deviceSettings, sourceOf } from './settings';

export const mqttListenerRules: ProtocolRules = {
  protocols: ['mqtt-listener'],
  section: 'mqtt_listener',
  kind: ({ type }) => kindOfType(type),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

function checkConnection(c: ConnectionSection): Issue[] {
  const topics = c.mqtt_listener?.topics ?? [];
  return [
    ...checkDesk(c, 'mqtt_listener', c.mqtt_listener),
    ...topics.flatMap((topic, i) => checkSubscription(topic, ['mqtt_listener', 'topics', i])),
  ];
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  const issues = [
    ...checkNoRegisters(p, 'mqtt-listener'),
    ...checkSecret('mqtt_listener', device.section.mqtt_listener),
  ];
  const path = ['mqtt_listener', 'command', 'topic'];
  const { command } = p.mqtt_listener ?? {};
  if (p.writable) issues.push(...checkCommandTopic(command?.topic ?? COMMAND_TOPIC, commandNames(p, device), path));
  else if (command) issues.push({ path: ['writable'], value: p.writable, expected: 'true with a command' });
  return issues;
}
