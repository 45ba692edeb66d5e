/** What AMQP, 1.0 or 0-9-1, asks of a profile beyond its schema. */
import { kindOfType, missing, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue, type Path } from '../../core/profile/problem';
import { type AmqpConnectionSection } from '../../core/profile/types-amqp';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { checkCommandTopic, checkSubscription } from '../mqtt/mapping-rules';
import { checkNoRegisters } from '../posts/rules';
import { amqpSettings, ANY_NAME, asTopic, commandNames, deviceSettings, pointSource, separatorOf } from './settings';

/** Keys that only the other version of the protocol reads. */
export interface Foreign {
  readonly connection: readonly (keyof AmqpConnectionSection)[];
  readonly source: readonly ('name_in' | 'bind')[];
  readonly command: readonly ('exchange' | 'subject')[];
}

export function amqpRules(protocol: 'amqp' | 'amqp-0-9-1', foreign: Foreign): ProtocolRules {
  return {
    protocols: [protocol],
    section: 'amqp',
    kind: ({ type }) => kindOfType(type),
    checkConnection: (c) => checkConnection(c, foreign),
    checkPoint: (p, device) => checkPoint(p, device, protocol, foreign),
    connectionSettings: amqpSettings,
    deviceSettings,
    pointSource,
  };
}

const not = (path: Path, expected: string): Issue => ({ path, value: undefined, expected, atKey: true });

function checkConnection(c: ConnectionSection, foreign: Foreign): Issue[] {
  const issues: Issue[] = [];
  const { protocol, amqp } = c;
  if (c.host === undefined) issues.push(missing(`a "host" for ${protocol}`));
  for (const key of ['serial', 'limits', 'in_flight', 'pause_ms'] as const)
    if (c[key] !== undefined) issues.push(not([key], `no ${key} with ${protocol}`));
  if (!amqp) return [...issues, missing('an "amqp" section')];
  for (const key of foreign.connection)
    if (amqp[key] !== undefined) issues.push(not(['amqp', key], `no ${key} with ${protocol}`));
  return [...issues, ...checkIdentity(amqp), ...amqp.sources.flatMap((_, i) => checkSource(c, i, foreign))];
}

function checkIdentity(a: AmqpConnectionSection): Issue[] {
  const issues: Issue[] = [];
  if (a.password !== undefined && a.password_file !== undefined)
    issues.push(not(['amqp', 'password_file'], 'password or password_file, not both'));
  if (a.sasl === 'plain' && a.username === undefined) issues.push(missing('an "amqp.username" with sasl: plain'));
  const anonymous = a.sasl === 'anonymous' || a.sasl === 'external';
  if (anonymous && a.username !== undefined)
    issues.push(not(['amqp', 'username'], `no username with sasl: ${a.sasl ?? ''}`));
  if (a.sasl === 'external' && a.tls?.cert_file === undefined)
    issues.push({ path: ['amqp', 'sasl'], value: a.sasl, expected: 'a tls.cert_file with sasl: external' });
  return issues;
}

function checkSource({ protocol, amqp }: ConnectionSection, i: number, foreign: Foreign): Issue[] {
  const source = amqp?.sources[i];
  if (!source) return [];
  const path: Path = ['amqp', 'sources', i];
  const others = foreign.source.filter((key) => source[key] !== undefined);
  const first = amqp?.sources.findIndex(({ address }) => address === source.address) === i;
  const late = (['name_in', 'bind'] as const).filter((key) => !first && source[key] !== undefined);
  const topic = source.topic ?? ANY_NAME;
  return [
    ...others.map((key) => not([...path, key], `no ${key} with ${protocol}`)),
    ...late.map((key) => not([...path, key], `${key} with the first source of this address`)),
    ...checkSubscription({ ...source, topic: asTopic(topic) }, path, separatorOf(topic)),
  ];
}

function checkPoint(p: PointSection, device: ResolvedDevice, protocol: string, foreign: Foreign): Issue[] {
  const issues = checkNoRegisters(p, protocol);
  const command = p.amqp?.command;
  if (p.writable && !command) issues.push(missing('an "amqp.command" that says where values are sent'));
  if (!command) return issues;
  const others = foreign.command.filter((key) => command[key] !== undefined);
  const names = commandNames(p, device);
  return [
    ...issues,
    ...others.map((key) => not(['amqp', 'command', key], `no ${key} with ${protocol}`)),
    ...(['address', 'subject'] as const).flatMap((key) => {
      const template = command[key];
      return template === undefined ? [] : checkCommandTopic(template, names, ['amqp', 'command', key]);
    }),
  ];
}
