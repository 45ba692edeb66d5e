/** What an agent's certificate may do at the broker: its own topics, groups and transactions, and writing what all agents write. Pure. */
import { AgentTopics, outboxGroup, probesGroup, SHARED_BY_AGENTS, type Topic, Topics } from '../../../schemas/topics';
import { type Name } from './identity';

export type AclResource = 'topic' | 'group' | 'transactional-id';
export type AclOperation = 'read' | 'write' | 'describe' | 'all';

export interface Acl {
  readonly principal: string;
  readonly resource: AclResource;
  readonly name: string;
  readonly operation: AclOperation;
  readonly permission: 'allow' | 'deny';
}

/** As the broker reads a certificate's subject (RFC 2253). */
export const brokerPrincipal = ({ tenant, kind, id }: Name): string => `User:CN=${id},OU=${kind},O=${tenant}`;

/** Groups in which an agent keeps its place: that of its outbox, and those of its inbox. */
const groupsOf = (agent: string): string[] => [
  ...[outboxGroup(agent), `inbox-${agent}`, `inbox-${agent}-devices`],
  probesGroup(agent),
];

/** What is an agent's alone, and made for it. */
export const topicsOfAgent = (agent: string): Topic[] => [
  ...[AgentTopics.commands(agent), AgentTopics.devices(agent), AgentTopics.profile(agent), AgentTopics.probes(agent)],
];

export function allowAgent(name: Name): Acl[] {
  const principal = brokerPrincipal(name);
  const allow = (resource: AclResource, of: string, ...operations: AclOperation[]): Acl[] =>
    operations.map((operation) => ({ principal, resource, name: of, operation, permission: 'allow' }));
  return [
    ...topicsOfAgent(name.id).flatMap((t) => allow('topic', t.name, 'read', 'describe')),
    ...[...SHARED_BY_AGENTS, Topics.probeAnswers].flatMap((t) => allow('topic', t.name, 'write', 'describe')),
    ...groupsOf(name.id).flatMap((g) => allow('group', g, 'read', 'describe')),
    ...allow('transactional-id', name.id, 'write', 'describe'),
  ];
}

/** Wins over everything that is allowed, for connections that are open as well. */
export function denyAgent(name: Name): Acl[] {
  const principal = brokerPrincipal(name);
  const resources: readonly AclResource[] = ['topic', 'group', 'transactional-id'];
  return resources.map((resource) => ({ principal, resource, name: '*', operation: 'all', permission: 'deny' }));
}
