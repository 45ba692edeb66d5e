/** What CoAP asks of a profile beyond its schema. */
import { kindOfType, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { checkDesk, checkNoRegisters, checkSecret } from '../../wire/posts/rules';
import { connectionSettings, deviceSettings, sourceOf } from './settings';

export const coapRules: ProtocolRules = {
  protocols: ['coap'],
  section: 'coap',
  kind: ({ type }) => kindOfType(type),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};

function checkConnection(c: ConnectionSection): Issue[] {
  const issues = checkDesk(c, 'coap', c.coap);
  const { transport = 'udp', ...coap } = c.coap ?? {};
  if (transport === 'tls' && coap.cert_file === undefined)
    issues.push({ path: ['coap', 'transport'], value: transport, expected: 'a cert_file and a key_file with tls' });
  for (const key of ['cert_file', 'key_file', 'ca_file'] as const)
    if (transport !== 'tls' && coap[key] !== undefined)
      issues.push({
        path: ['coap', key],
        value: undefined,
        expected: `no ${key} with transport ${transport}`,
        atKey: true,
      });
  return issues;
}

function checkPoint(p: PointSection, { section }: ResolvedDevice): Issue[] {
  const issues = checkNoRegisters(p, 'coap');
  const { host, token, token_file } = section.coap ?? {};
  const { resource, observe, format } = p.coap ?? {};
  // A device that is only asked has no secret to show.
  const asked = host !== undefined && token === undefined && token_file === undefined;
  if (!asked) issues.push(...checkSecret('coap', section.coap));
  if (resource !== undefined) return issues;
  const at = { path: [], value: undefined };
  if (asked) issues.push({ ...at, expected: 'a coap.resource, or a coap.token on the device with which it posts' });
  if (p.writable) issues.push({ ...at, expected: 'a coap.resource on the device that takes the value' });
  if (observe !== undefined || format !== undefined)
    issues.push({ ...at, expected: 'a coap.resource with observe or format' });
  return issues;
}
