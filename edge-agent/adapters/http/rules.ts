/** What devices that post ask of a profile beyond its schema. */
import { kindOfType, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { connectionSettings, deviceSettings, sourceOf } from './settings';

export const httpRules: ProtocolRules = {
  protocols: ['http'],
  section: 'http',
  kind: ({ type }) => kindOfType(type),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

const not = (path: Issue['path'], expected: string): Issue => ({ path, value: undefined, expected, atKey: true });

function checkConnection(c: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['serial', 'limits', 'in_flight', 'pause_ms'] as const)
    if (c[key] !== undefined) issues.push(not([key], `no ${key} with http`));
  const { cert_file, key_file } = c.http ?? {};
  if ((cert_file === undefined) !== (key_file === undefined))
    issues.push({ path: ['http'], value: undefined, expected: 'cert_file and key_file, or neither' });
  return issues;
}

function checkPoint(p: PointSection, { section }: ResolvedDevice): Issue[] {
  const issues: Issue[] = [];
  const { token, token_file } = section.http ?? {};
  if ((token === undefined) === (token_file === undefined))
    issues.push({ path: [], value: undefined, expected: 'an http.token or an http.token_file on the device' });
  for (const key of ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push(not([key], `no ${key} with http`));
  if (p.writable)
    issues.push({ path: ['writable'], value: true, expected: 'false: devices that post take no commands' });
  return issues;
}
