/** What OPC UA asks of a profile beyond its schema. */
import { kindOfType, missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type OpcUaUserSection } from '../../core/profile/types-opcua';
import { connectionSettings, nodeName, sourceOf } from './settings';

export const opcuaRules: ProtocolRules = {
  protocols: ['opcua'],
  section: 'opcua',
  // The server converts: here counts only what a reading of it is.
  kind: ({ type }) => kindOfType(type),
  isMethod: ({ opcua }) => opcua?.method_of !== undefined,
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings: () => ({}),
  pointSource: sourceOf,
};

function checkConnection(c: ConnectionSection): Issue[] {
  if (!c.opcua) return [missing('an "opcua" section with the endpoint')];
  const issues: Issue[] = [];
  for (const key of ['host', 'port', 'serial', 'in_flight', 'pause_ms', 'limits'] as const)
    if (c[key] !== undefined) issues.push(not([key], c[key], `no ${key} with opcua: the endpoint says it all`));
  const { policy, mode } = connectionSettings(c);
  if ((policy === 'None') !== (mode === 'None'))
    issues.push(not(['opcua', 'mode'], mode, `None with policy None, Sign or SignAndEncrypt with any other`));
  if (policy !== 'None' && c.opcua.pki === undefined)
    issues.push({ ...missing('a "pki": the folder of own key and trusted servers'), path: ['opcua'] });
  if (c.opcua.user) issues.push(...checkUser(c.opcua.user, policy !== 'None'));
  const { initial_ms = 0, max_ms = Infinity } = c.backoff ?? {};
  if (initial_ms > max_ms) issues.push(not(['backoff', 'max_ms'], max_ms, `at least initial_ms (${initial_ms})`));
  return issues;
}

function checkUser(user: OpcUaUserSection, encrypted: boolean): Issue[] {
  const path = ['opcua', 'user'];
  const byName = user.name !== undefined;
  const byCertificate = user.certificate_file !== undefined || user.key_file !== undefined;
  if (byName === byCertificate)
    return [{ ...missing('a name with a password, or a certificate_file with its key_file'), path }];
  if (byCertificate)
    return user.certificate_file === undefined || user.key_file === undefined
      ? [{ ...missing('both certificate_file and key_file'), path }]
      : [];
  const issues: Issue[] = [];
  if ((user.password === undefined) === (user.password_file === undefined))
    issues.push({ ...missing('either password or password_file'), path });
  if (!encrypted)
    issues.push(not([...path, 'name'], user.name, 'no password with policy None: it would cross the network in clear'));
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice): Issue[] {
  if (p.node === undefined) return [missing('a "node"')];
  const issues: Issue[] = [];
  for (const key of ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push(not([key], p[key], `no ${key} with opcua`));
  if (p.type === 'bits') issues.push(not(['type'], p.type, 'another type: OPC UA has no bits'));
  if (/^ns=/.test(p.node))
    issues.push(not(['node'], p.node, 'the URI of its namespace, nsu=…: indexes change when a server is restarted'));
  else if (!nodeName(p.node, device.settings.namespace))
    issues.push(not(['node'], p.node, 'nsu=<namespace URI>;s=<name>, or s=, i=, g=, b= alone'));
  issues.push(...checkEvent(p, device), ...checkMethod(p, device));
  if (p.opcua?.deadband !== undefined && p.opcua.deadband_percent !== undefined)
    issues.push(not(['opcua'], undefined, 'deadband or deadband_percent, not both'));
  return issues;
}

/** Two-state fields of conditions: of which condition must be said, or they would say all of them in turn. */
const TWO_STATE = /State\/Id$/;
const SAMPLED = ['deadband', 'deadband_percent', 'history'] as const;

function checkEvent(p: PointSection, device: ResolvedDevice): Issue[] {
  const { event } = p.opcua ?? {};
  if (!event) return [];
  const issues = unsampled(p, 'an event');
  const path = ['opcua', 'event'];
  if (p.writable) issues.push(not(['writable'], true, 'no writable event'));
  if (TWO_STATE.test(event.field) && event.condition === undefined)
    issues.push({ ...missing('a "condition": the name of the one whose state it is'), path });
  if (event.type !== undefined && !nodeName(event.type, device.settings.namespace))
    issues.push(not([...path, 'type'], event.type, 'nsu=<namespace URI>;i=<number>, or i=, s= alone'));
  return issues;
}

function checkMethod(p: PointSection, device: ResolvedDevice): Issue[] {
  const { method_of } = p.opcua ?? {};
  if (method_of === undefined) return [];
  const issues = unsampled(p, 'a method');
  if (p.opcua?.event) issues.push(not(['opcua', 'event'], undefined, 'an event or a method, not both'));
  if (p.type !== 'string') issues.push(not(['type'], p.type, 'string: what the method gave back, as JSON'));
  if (!p.writable) issues.push(not(['writable'], p.writable, 'true: a command calls it'));
  if (!nodeName(method_of, device.settings.namespace))
    issues.push(not(['opcua', 'method_of'], method_of, 'nsu=<namespace URI>;s=<name>, or s=, i=, g=, b= alone'));
  return issues;
}

const unsampled = (p: PointSection, what: string): Issue[] =>
  SAMPLED.flatMap((key) =>
    p.opcua?.[key] === undefined ? [] : [not(['opcua', key], p.opcua[key], `no ${key} of ${what}`)],
  );

function not(path: Issue['path'], value: unknown, expected: string): Issue {
  return { path, value, expected };
}
