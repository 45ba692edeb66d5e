/** What certificates may do at the broker, put there when an agent is enrolled and taken away when it is revoked. */
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, type Admin, ResourcePatternTypes } from 'kafkajs';
import { ensureTopics } from '../../../schemas/stream';
import { type Acl, allowAgent, brokerPrincipal, denyAgent, type Name, topicsOfAgent } from '../../domain/identity';

export interface BrokerAccess {
  /** Done again it changes nothing. */
  allow(name: Name): Promise<void>;
  /** Open connections are refused as well from then on. */
  deny(name: Name): Promise<void>;
}

/** For a broker without an authorizer: whoever reaches it may do everything. */
export const OPEN_BROKER: BrokerAccess = { allow: () => Promise.resolve(), deny: () => Promise.resolve() };

const RESOURCES = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
} as const;

const OPERATIONS = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  describe: AclOperationTypes.DESCRIBE,
  all: AclOperationTypes.ALL,
} as const;

export class KafkaAcls implements BrokerAccess {
  constructor(
    private readonly admin: Pick<
      Admin,
      'createAcls' | 'deleteAcls' | 'createTopics' | 'listTopics' | 'fetchTopicMetadata'
    >,
    private readonly replicationFactor: number,
  ) {}

  /** Its own topics are made for it: it has no right to make any. */
  async allow(name: Name): Promise<void> {
    if (name.kind !== 'agent') return;
    await ensureTopics(this.admin as Admin, topicsOfAgent(name.id), this.replicationFactor);
    await this.admin.createAcls({ acl: allowAgent(name).map(entry) });
    await this.admin.deleteAcls({ filters: [ofPrincipal(name, AclPermissionTypes.DENY)] });
  }

  /** First the denial, which wins: there is no moment in which it is half allowed. */
  async deny(name: Name): Promise<void> {
    if (name.kind !== 'agent') return;
    await this.admin.createAcls({ acl: denyAgent(name).map(entry) });
    await this.admin.deleteAcls({ filters: [ofPrincipal(name, AclPermissionTypes.ALLOW)] });
  }
}

const entry = ({ principal, resource, name, operation, permission }: Acl) => ({
  ...{ principal, host: '*', resourceType: RESOURCES[resource], resourceName: name },
  ...{ resourcePatternType: ResourcePatternTypes.LITERAL, operation: OPERATIONS[operation] },
  permissionType: permission === 'allow' ? AclPermissionTypes.ALLOW : AclPermissionTypes.DENY,
});

const ofPrincipal = (name: Name, permissionType: AclPermissionTypes) => ({
  ...{ principal: brokerPrincipal(name), permissionType, resourceType: AclResourceTypes.ANY },
  ...{ resourcePatternType: ResourcePatternTypes.ANY, operation: AclOperationTypes.ANY },
});
