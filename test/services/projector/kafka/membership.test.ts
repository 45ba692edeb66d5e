/** Which generation is ours, told by what kafkajs's consumer says, in the orders that were seen. */
import { EventEmitter } from 'node:events';
import { type Cluster, type Consumer } from 'kafkajs';
import { type Assignment, Membership } from '../../../../services/projector/kafka/membership';
import { type Generation } from '../../../../services/projector/ports';

const EVENTS = {
  ...{ GROUP_JOIN: 'join', HEARTBEAT: 'heartbeat', REBALANCING: 'rebalancing', DISCONNECT: 'disconnect' },
  CRASH: 'crash',
};
const FIRST: Assignment = { a: [0, 1] };
const SECOND: Assignment = { a: [1] };

let told: { generation: Generation; assignment: Assignment }[];
let emitter: EventEmitter;
let membership: Membership;

beforeEach(async () => {
  told = [];
  emitter = new EventEmitter();
  const nothing = (): Promise<void> => Promise.resolve();
  const consumer = {
    ...{ connect: nothing, subscribe: nothing, run: nothing, disconnect: nothing, pause: () => undefined },
    events: EVENTS,
    on: (name: string, listener: (event: unknown) => void) => emitter.on(name, listener),
  };
  membership = new Membership(
    { consumer: consumer as unknown as Consumer, cluster: {} as Cluster },
    ...(['group', ['a'] as readonly string[]] as const),
    {
      assigned: (generation, assignment) => told.push({ generation, assignment }),
      failed: (cause) => {
        throw cause;
      },
    },
  );
  await membership.start();
});
afterEach(() => membership.stop());

const join = (memberAssignment: Assignment) => emitter.emit('join', { payload: { memberAssignment } });
const heartbeat = (groupGenerationId: number, memberId = 'me') =>
  emitter.emit('heartbeat', { payload: { memberId, groupGenerationId } });
const rebalancing = () => emitter.emit('rebalancing', { payload: {} });
const over = () => told.map((t) => t.generation.signal.aborted);

test('a generation begins with the first heartbeat after the join, and once', () => {
  join(FIRST);
  expect(membership.isMember()).toBe(false);
  heartbeat(1);
  heartbeat(1);
  expect(told.map((t) => t.assignment)).toEqual([FIRST]);
  expect(membership.isMember()).toBe(true);
});

test('the next one ends it; a late heartbeat of the last is not taken for it', () => {
  join(FIRST);
  heartbeat(1);
  rebalancing();
  join(SECOND);
  heartbeat(1);
  expect(membership.isMember()).toBe(false);
  heartbeat(2);
  expect(told.map((t) => t.assignment)).toEqual([FIRST, SECOND]);
  expect(over()).toEqual([true, false]);
});

test('joining again failed, and the coordinator takes the last generation: it goes on with its partitions', () => {
  join(FIRST);
  heartbeat(1);
  rebalancing();
  expect(over()).toEqual([true]);
  heartbeat(1);
  heartbeat(1);
  expect(told.map((t) => t.assignment)).toEqual([FIRST, FIRST]);
  expect(over()).toEqual([true, false]);
  rebalancing();
  join(SECOND);
  heartbeat(2);
  expect(told.map((t) => t.assignment)).toEqual([FIRST, FIRST, SECOND]);
});

test('heartbeats of a generation that was never ours begin nothing', () => {
  heartbeat(7);
  join(FIRST);
  heartbeat(8, 'me');
  rebalancing();
  heartbeat(8, 'somebody else');
  expect(told.map((t) => t.assignment)).toEqual([FIRST]);
});
