/**
 * Who gets which partitions. Round robin over the members, unless one of them asks for all of them: whoever exchanges
 * the tables below the group owns everything meanwhile, and the group's own fencing keeps the others out. When it dies,
 * its session ends and the others go on.
 */
import { AssignerProtocol, type Assigner, type Cluster, type GroupMember } from 'kafkajs';

const EXCLUSIVE = Buffer.from('exclusive');
const VERSION = 0;

type Shares = ReadonlyMap<string, Record<string, number[]>>;

export interface Member {
  readonly memberId: string;
  readonly exclusive: boolean;
}

/** Pure: the shares of all members. */
export function share(members: readonly Member[], partitions: readonly { topic: string; partition: number }[]): Shares {
  const byId = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const exclusive = byId.filter((m) => m.exclusive);
  const takers = exclusive.length > 0 ? exclusive.slice(0, 1) : byId;
  const shares = new Map(byId.map((m) => [m.memberId, {} as Record<string, number[]>]));
  partitions.forEach(({ topic, partition }, i) => {
    const own = shares.get(takers[i % takers.length]!.memberId)!;
    (own[topic] ??= []).push(partition);
  });
  return shares;
}

export function assigner(cluster: Cluster, exclusive: boolean): Assigner {
  const { MemberAssignment, MemberMetadata } = AssignerProtocol;
  return {
    name: 'MillraceAssigner',
    version: VERSION,
    protocol: ({ topics }) => ({
      name: 'MillraceAssigner',
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: exclusive ? EXCLUSIVE : Buffer.alloc(0) }),
    }),
    assign: ({ members, topics }) => {
      const partitions = [...topics]
        .sort()
        .flatMap((topic) =>
          cluster.findTopicPartitionMetadata(topic).map((m) => ({ topic, partition: m.partitionId })),
        );
      const shares = share(members.map(memberOf), partitions);
      return Promise.resolve(
        [...shares].map(([memberId, assignment]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.alloc(0) }),
        })),
      );
    },
  };
}

function memberOf({ memberId, memberMetadata }: GroupMember): Member {
  const userData = AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData;
  return { memberId, exclusive: userData?.equals(EXCLUSIVE) ?? false };
}
