/** Membership in the consumer group: which partitions are ours, in which generation, and commits in its name only. */
import { type Consumer } from 'kafkajs';
import { ProjectorError } from '../errors';
import { type Generation } from '../ports';
import { type Connection, Coordinator, refusalOf } from './connection';
import { DEAF_MS, Deafness } from './deafness';

export const SESSION_TIMEOUT_MS = 10_000;
export const REBALANCE_TIMEOUT_MS = 15_000;
const HEARTBEAT_MS = 300;
/** How long the idle consumer sleeps between looks at its heartbeat. */
const IDLE_MS = 150;
/** How often it is looked whether the group still hears from us. */
const LOOK_MS = 5_000;

export const membershipConfig = (groupId: string) => ({
  groupId,
  sessionTimeout: SESSION_TIMEOUT_MS,
  rebalanceTimeout: REBALANCE_TIMEOUT_MS,
  heartbeatInterval: HEARTBEAT_MS,
  maxWaitTimeInMs: IDLE_MS,
  retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: Number.MAX_SAFE_INTEGER },
});

export type Assignment = Readonly<Record<string, readonly number[]>>;

export interface MembershipEvents {
  /** The group has given us these partitions. Earlier generations have been aborted. */
  assigned(generation: Generation, assignment: Assignment): void;
  /** The consumer is gone for good: only a new process helps. */
  failed(cause: Error): void;
}

/** Answers that say: this generation is over. */
const OVER = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

interface Member {
  readonly memberId: string;
  readonly generationId: number;
}

export class Membership {
  private readonly consumer: Consumer;
  private readonly coordinator: Coordinator;
  private current: GroupGeneration | undefined;
  private joined: Assignment | undefined;
  private last: { readonly member: Member; readonly assignment: Assignment } | undefined;
  private readonly deafness = new Deafness(performance.now());
  private looking: NodeJS.Timeout | undefined;

  constructor(
    connection: Connection,
    groupId: string,
    private readonly topics: readonly string[],
    private readonly events: MembershipEvents,
  ) {
    this.consumer = connection.consumer;
    this.coordinator = new Coordinator(connection.cluster, groupId);
  }

  async start(): Promise<void> {
    const { consumer } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.deafness.heard(performance.now());
      this.join(payload.memberAssignment);
    });
    consumer.on(consumer.events.HEARTBEAT, ({ payload }) => {
      this.deafness.heard(performance.now());
      this.confirm({ memberId: payload.memberId, generationId: payload.groupGenerationId });
    });
    consumer.on(consumer.events.REBALANCING, () => this.end());
    consumer.on(consumer.events.DISCONNECT, () => this.end());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.end();
      if (!payload.restart) this.events.failed(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.topics], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
    this.looking = setInterval(() => void this.look(), LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.looking);
    this.end();
    await this.consumer.disconnect();
  }

  /** Undefined while the group has not given us anything. */
  isMember(): boolean {
    return this.current !== undefined;
  }

  private join(assignment: Assignment): void {
    this.end();
    // The consumer itself never fetches, so it never resets an offset either (kafkajs does when one is out of range).
    this.consumer.pause(this.topics.map((topic) => ({ topic })));
    this.joined = assignment;
  }

  /**
   * kafkajs tells the number of a generation with its first heartbeat only. A late one of the last is not taken for it.
   * When joining again fails for want of a broker, kafkajs goes back to the heartbeats of the last generation; as the
   * coordinator takes them, that generation goes on, and so do we (deploy/decisions/0310).
   */
  private confirm(member: Member): void {
    const { joined, last } = this;
    const isLast = last?.member.memberId === member.memberId && last.member.generationId === member.generationId;
    if (isLast && !joined && !this.current) this.begin(member, last.assignment);
    if (joined && !isLast) this.begin(member, joined);
  }

  private begin(member: Member, assignment: Assignment): void {
    this.joined = undefined;
    this.last = { member, assignment };
    this.current = new GroupGeneration(this.coordinator, member);
    this.events.assigned(this.current, assignment);
  }

  /** kafkajs's consumer may cease to speak to the group without a word to us. */
  private async look(): Promise<void> {
    if (!this.deafness.suspects(performance.now())) return;
    const answers = await this.coordinator.answers();
    if (!this.deafness.asked(answers, performance.now())) return;
    clearInterval(this.looking);
    this.end();
    const silence = `the group has heard nothing from us for more than ${DEAF_MS / 1_000} s, though its coordinator answers`;
    this.events.failed(
      new ProjectorError('log-unavailable', 'stay in the group', silence, 'a new process joins again'),
    );
  }

  private end(): void {
    this.current?.end();
    this.current = undefined;
    this.joined = undefined;
  }
}

class GroupGeneration implements Generation {
  private readonly over = new AbortController();

  constructor(
    private readonly coordinator: Coordinator,
    private readonly member: Member,
  ) {}

  get signal(): AbortSignal {
    return this.over.signal;
  }

  end(): void {
    this.over.abort();
  }

  async committed(topic: string, partition: number): Promise<{ offset: number; metadata: string } | undefined> {
    const { groupId } = this.coordinator;
    const topics = [{ topic, partitions: [{ partition, offset: '-1' }] }];
    const answer = await this.coordinator.ask((broker) => broker.offsetFetch({ groupId, topics }));
    const found = answer.responses[0]?.partitions[0] as { offset: string; metadata?: string | null } | undefined;
    if (!found)
      throw new ProjectorError('log-unavailable', 'read the commit', 'no answer for the partition', 'retried');
    const offset = Number(found.offset);
    return offset < 0 ? undefined : { offset, metadata: found.metadata ?? '' };
  }

  async commit(topic: string, partition: number, offset: number, metadata: string): Promise<void> {
    const { groupId } = this.coordinator;
    const { memberId, generationId } = this.member;
    const partitions = [{ partition, offset: String(offset), metadata }];
    try {
      await this.coordinator.ask((broker) =>
        broker.offsetCommit({ groupId, memberId, groupGenerationId: generationId, topics: [{ topic, partitions }] }),
      );
    } catch (cause) {
      const type = refusalOf(cause);
      if (type === undefined || !OVER.has(type)) throw cause;
      this.end();
      const hint = 'nothing to do: the partition’s next owner repeats what was intended';
      throw new ProjectorError('fenced', 'commit the intent', `generation ${generationId} is over`, hint, { cause });
    }
  }
}
