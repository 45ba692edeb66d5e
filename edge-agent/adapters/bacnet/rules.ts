/** What BACnet asks of a profile beyond its schema. */
import { type ConnectionPlan, type PointKind } from '../../core/compile/plan';
import { missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { isCommandable, objectId, objectType } from './objects';
import { ipOctets } from './place';
import { planReads } from './plan';
import { connectionSettings, deviceSettings, sourceOf, withPort } from './settings';

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
  for (const key of ['host', 'port', 'in_flight', 'pause_ms', 'limits'] as const)
    if (c[key] !== undefined) issues.push(not([key], c[key], `no ${key} with bacnet: see its section "bacnet"`));
  issues.push(...(isMstp(c) ? checkMstp(c) : checkIp(c)));
  issues.push(...checkRouters(c));
  const { initial_ms = 0, max_ms = Infinity } = c.backoff ?? {};
  if (initial_ms > max_ms) issues.push(not(['backoff', 'max_ms'], max_ms, `at least initial_ms (${initial_ms})`));
  return issues;
}

const isMstp = ({ bacnet }: ConnectionSection): boolean => bacnet?.link === 'mstp';

function checkIp({ serial, bacnet = {} }: ConnectionSection): Issue[] {
  const issues = serial ? [not(['serial'], undefined, 'no serial unless bacnet has "link: mstp"')] : [];
  for (const key of ['station', 'max_master', 'max_info_frames'] as const)
    if (bacnet[key] !== undefined) issues.push(not(['bacnet', key], bacnet[key], `no ${key} unless link is mstp`));
  return issues;
}

function checkMstp({ serial, bacnet = {} }: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['interface', 'port', 'broadcast', 'bbmd', 'bbmd_ttl_s'] as const)
    if (bacnet[key] !== undefined) issues.push(not(['bacnet', key], bacnet[key], `no ${key} with link mstp`));
  if (bacnet.station === undefined) issues.push({ ...missing('a "station": own address, 0 to 127'), path: ['bacnet'] });
  else if (bacnet.station > (bacnet.max_master ?? bacnet.station))
    issues.push(not(['bacnet', 'max_master'], bacnet.max_master, `at least station (${bacnet.station})`));
  if (!serial) return [...issues, missing('a "serial" section with the port')];
  for (const [key, only] of [
    ['parity', 'none'],
    ['data_bits', 8],
    ['stop_bits', 1],
    ['rts', 'leave'],
  ] as const)
    if ((serial[key] ?? only) !== only) issues.push(not(['serial', key], serial[key], `${only} with mstp`));
  return issues;
}

function checkRouters(c: ConnectionSection): Issue[] {
  const own = isMstp(c) ? 'mac' : 'address';
  return (c.bacnet?.routers ?? []).flatMap((router, i, all) => {
    const path = ['bacnet', 'routers', i];
    const issues: Issue[] = [];
    if (router[own] === undefined || Object.keys(router).length !== 2)
      issues.push(not(path, undefined, `a network and the ${own} of its router`));
    if (all.findIndex(({ network }) => network === router.network) !== i)
      issues.push(not([...path, 'network'], router.network, 'each network once'));
    return issues;
  });
}

/** Where the device is: on the own network as the link has it, on another as that network has it. */
function checkPlace(device: ResolvedDevice, connection: ConnectionSection): Issue[] {
  const { network, address, mac, instance } = device.section.bacnet ?? {};
  const [own, other] = isMstp(connection) ? (['a mac', address] as const) : (['an address', mac] as const);
  if (network === undefined) {
    const issues = other === undefined ? [] : [missing(`of its device ${own}`)];
    if ((address ?? mac ?? instance) !== undefined) return issues;
    return [...issues, missing(`of its device a "bacnet" section with ${own} or an instance`)];
  }
  if ((address === undefined) === (mac === undefined))
    return [missing('of its device a mac or an address on that network, one of them')];
  if (address === undefined || ipOctets(withPort(address))) return [];
  return [missing('of its device an IPv4 address on that network, not a name')];
}

function checkPoint(p: PointSection, device: ResolvedDevice, connection: ConnectionSection): Issue[] {
  if (p.object === undefined) return [missing('an "object"')];
  const issues = checkPlace(device, connection);
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
