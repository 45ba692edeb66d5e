/** What topics ask of a profile beyond its schema. */
import { type Issue, type Path } from '../../core/profile/problem';
import { type MqttSubscriptionSection } from '../../core/profile/types-mqtt';
import { fill, isPublishable, type Names, namesIn, templateFault } from './topic';

/** `path`: where the subscription is. */
export function checkSubscription(s: MqttSubscriptionSection, path: Path, separator = '/'): Issue[] {
  const fault = templateFault(s.topic, separator);
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

/** Of a point. */
export function checkCommandTopic(template: string, names: Names, path: Path = ['mqtt', 'command', 'topic']): Issue[] {
  const topic = fill(template, names);
  const known = Object.keys(names).map((n) => `{${n}}`);
  if (topic === undefined) return [{ path, value: template, expected: `names among ${known.join(', ')}` }];
  return isPublishable(topic) ? [] : [{ path, value: template, expected: 'a topic without + and #' }];
}
