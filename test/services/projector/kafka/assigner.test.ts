import { AssignerProtocol, type Cluster } from 'kafkajs';
import { assigner, share } from '../../../../services/projector/kafka/assigner';

const six = Array.from({ length: 6 }, (_, partition) => ({ topic: 't', partition }));
const member = (memberId: string, exclusive = false) => ({ memberId, exclusive });

describe('partitions', () => {
  test('go round the members, each to one of them', () => {
    const shares = share([member('b'), member('a')], six);
    expect(shares.get('a')).toEqual({ t: [0, 2, 4] });
    expect(shares.get('b')).toEqual({ t: [1, 3, 5] });
  });

  test('all go to the one that asks for all; the others get none', () => {
    const shares = share([member('a'), member('z', true), member('b')], six);
    expect(shares.get('z')).toEqual({ t: [0, 1, 2, 3, 4, 5] });
    expect([shares.get('a'), shares.get('b')]).toEqual([{}, {}]);
  });

  test('go to one only when several ask for all', () => {
    const shares = share([member('y', true), member('x', true)], six);
    expect([shares.get('x'), shares.get('y')]).toEqual([{ t: [0, 1, 2, 3, 4, 5] }, {}]);
  });
});

test.each([false, true])(
  'what one member says (exclusive: %s), the leader reads, and its answer can be read',
  async (exclusive) => {
    const cluster = {
      findTopicPartitionMetadata: () => [0, 1, 2].map((partitionId) => ({ partitionId })),
    } as unknown as Cluster;
    const one = assigner(cluster, exclusive).protocol({ topics: ['t'] });
    const two = assigner(cluster, false).protocol({ topics: ['t'] });
    expect(one.name).toBe(assigner(cluster, false).name);
    const members = [
      { memberId: 'one', memberMetadata: one.metadata },
      { memberId: 'two', memberMetadata: two.metadata },
    ];
    const answer = await assigner(cluster, false).assign({ members, topics: ['t'] });
    const read = Object.fromEntries(
      answer.map((a) => [a.memberId, AssignerProtocol.MemberAssignment.decode(a.memberAssignment)?.assignment]),
    );
    expect(read).toEqual(exclusive ? { one: { t: [0, 1, 2] }, two: {} } : { one: { t: [0, 2] }, two: { t: [1] } });
  },
);
