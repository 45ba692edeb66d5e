/** The sessions of one partition: folds events, asks silence, tells what changed. */
import { type KafkaMessage, type Message, type TopicMessages } from 'kafkajs';
import { type Presence, type SessionEvent } from '../../schemas/generated';
import { type EventReader, type EventWriter } from '../../schemas/stream';
import { coordinatesKey, deviceKey, Topics } from '../../schemas/topics';
import {
  fromPresence,
  isNews,
  judge,
  nextLook,
  observe,
  type Session,
  type Status,
  toPresence,
} from '../domain/session';
import { deadLetter, type Refusal, refusalOf } from '../lib/consume-dead-letter';
import { type Handled, type PartitionWork } from '../lib/consume-partition';
import { type AgentBoard } from './agents';
import { Schedule } from './schedule';

export const GROUP_ID = 'presence';
/** Sessions of one partition; events of one more device are counted and passed over. */
export const MAX_SESSIONS_PER_PARTITION = 200_000;
/** Several times what an event can reasonably take. */
export const MAX_EVENT_BYTES = 16 * 1_024;
/** About 250 bytes each: well under what the broker takes at once. */
export const MAX_CHANGES_PER_TRANSACTION = 1_000;
const MAX_DEAD_BYTES = 700_000;

export interface PresenceDeps {
  readonly events: Pick<EventReader<'session-event'>, 'read'>;
  readonly writer: Pick<EventWriter<'presence'>, 'write'>;
  readonly deadLetters: Pick<EventWriter<'dead-letter'>, 'write'>;
  readonly agents: AgentBoard;
  /** MAX_SESSIONS_PER_PARTITION, or fewer. */
  readonly maxSessions: number;
  /** ms since 1970-01-01 UTC. */
  now(): number;
  /** Whether this partition has a backlog: then an event was received when it happened, not now. */
  behind(partition: number): boolean;
  count(what: 'event' | 'change' | 'refused' | 'over-limit', n: number): void;
}

interface Entry {
  session: Session;
  /** When it is looked at next; Infinity when only an event can change it. */
  look_at: number;
}

export class PartitionPresence implements PartitionWork {
  private readonly sessions = new Map<string, Entry>();
  private readonly schedule = new Schedule();
  private agentsVersion: number;

  constructor(
    readonly partition: number,
    private readonly deps: PresenceDeps,
  ) {
    this.agentsVersion = deps.agents.version;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** Takes a session as it was last told, when state is rebuilt. */
  restore(key: string, record: Presence | null): void {
    if (record === null) this.sessions.delete(key);
    else this.set(key, fromPresence(record, this.deps.now()));
  }

  async handle(messages: readonly KafkaMessage[]): Promise<Handled> {
    const before = new Map<string, Session | null>();
    const dead: Message[] = [];
    let dead_bytes = 0;
    let handled = 0;
    for (const message of messages) {
      const size = message.value?.length ?? 0;
      if (before.size >= MAX_CHANGES_PER_TRANSACTION || (dead_bytes > 0 && dead_bytes + size > MAX_DEAD_BYTES)) break;
      handled++;
      const read = await this.read(message);
      if ('event' in read) {
        this.take(read.event, before);
        continue;
      }
      dead.push(this.deadLetter(message, read.refusal));
      dead_bytes += size;
    }
    this.deps.count('event', handled);
    const news = [...before].flatMap(([key, was]) => this.news(key, was));
    const outputs = [
      { topic: Topics.presence.name, messages: news },
      { topic: Topics.deadLetters.name, messages: dead },
    ].filter(({ messages: some }) => some.length > 0);
    return { outputs, handled, repeatable: true };
  }

  /** What silence has changed, in transactions of bounded size. Nothing while there is a backlog that may tell otherwise. */
  *tick(): Generator<readonly TopicMessages[]> {
    if (this.deps.behind(this.partition)) return;
    const now = this.deps.now();
    let news: Message[] = [];
    for (const key of this.toLookAt(now)) {
      const entry = this.sessions.get(key);
      if (!entry) continue;
      const { session } = entry;
      const agent = this.deps.agents.view(session.tenant, session.agent_id);
      const judged = judge(session, now, agent);
      // At the earliest with the next tick: what waits for something else than time is asked again.
      this.set(key, judged, Math.max(nextLook(judged, agent), now + 1));
      if (judged === session) continue;
      news.push(...this.news(key, session));
      if (news.length < MAX_CHANGES_PER_TRANSACTION) continue;
      yield [{ topic: Topics.presence.name, messages: news }];
      news = [];
    }
    if (news.length > 0) yield [{ topic: Topics.presence.name, messages: news }];
  }

  committed(): void {
    // Sessions moved ahead in place: what is not committed is thrown away with the whole partition.
  }

  byStatus(): Record<Status, number> {
    const counts: Record<Status, number> = { online: 0, stale: 0, offline: 0, unknown: 0 };
    for (const { session } of this.sessions.values()) counts[session.status]++;
    return counts;
  }

  /** Sessions whose time has come, and those whose agent came or went. */
  private *toLookAt(now: number): Generator<string> {
    const { agents } = this.deps;
    const changed = agents.changedSince(this.agentsVersion);
    this.agentsVersion = agents.version;
    if (changed === 'too-many') return yield* this.sessions.keys();
    if (changed.size > 0)
      for (const [key, { session }] of this.sessions)
        if (changed.has(deviceKey(session.tenant, session.agent_id))) yield key;
    for (const key of this.schedule.due(now)) {
      const entry = this.sessions.get(key);
      // An earlier look was scheduled meanwhile, or this is it.
      if (!entry || entry.look_at > now) continue;
      yield key;
    }
  }

  /** A later look than the one scheduled need not be told: the earlier one will find out. */
  private set(key: string, session: Session, look_at = nextLook(session, undefined)): void {
    const entry = this.sessions.get(key);
    if (entry) entry.session = session;
    const scheduled = entry && entry.look_at > this.deps.now() && entry.look_at <= look_at;
    if (scheduled) return;
    if (entry) entry.look_at = look_at;
    else this.sessions.set(key, { session, look_at });
    this.schedule.add(key, look_at);
  }

  private async read(message: KafkaMessage): Promise<{ event: SessionEvent } | { refusal: Refusal }> {
    if (message.value === null || message.value.length > MAX_EVENT_BYTES)
      return { refusal: { code: 'refused', reason: `an event of ${message.value?.length ?? 0} bytes` } };
    try {
      return { event: await this.deps.events.read(message.value) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      return { refusal };
    }
  }

  private take(event: SessionEvent, before: Map<string, Session | null>): void {
    const key = deviceKey(event.tenant, event.device_id);
    const session = this.sessions.get(key)?.session ?? null;
    if (session === null && this.sessions.size >= this.deps.maxSessions) return this.deps.count('over-limit', 1);
    const now = this.deps.now();
    const received_at = this.deps.behind(this.partition) ? Math.min(event.at, now) : now;
    this.deps.agents.heard(event.tenant, event.agent_id, received_at);
    const after = observe(session, event, received_at);
    if (after === session || after === null) return;
    if (!before.has(key) && isNews(session, after)) before.set(key, session);
    this.set(key, after);
  }

  private news(key: string, was: Session | null): Message[] {
    const session = this.sessions.get(key)?.session;
    if (!session || !isNews(was, session)) return [];
    this.deps.count('change', 1);
    return [{ key, value: this.deps.writer.write(toPresence(session)), partition: this.partition }];
  }

  private deadLetter(message: KafkaMessage, refusal: Refusal): Message {
    this.deps.count('refused', 1);
    const topic = Topics.sessions.name;
    const source = { topic, partition: this.partition, consumer: GROUP_ID, now: this.deps.now() };
    const value = this.deps.deadLetters.write(deadLetter(message, source, refusal));
    const key = coordinatesKey(topic, this.partition, message.offset);
    return { key, value };
  }
}
