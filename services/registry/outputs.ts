/** What one batch of requests writes, collected by topic: events, states, the agents' copies, replies, dead letters. */
import { type Message, type TopicMessages } from 'kafkajs';
import { type DeadLetter, type DeviceReply, type DeviceState } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { AgentTopics, coordinatesKey, Topics } from '../../schemas/topics';
import { type Device, type DeviceEvent, eventToRecord } from '../domain/device';
import { MAX_SEND_BYTES, RECORD_OVERHEAD_BYTES } from '../lib/consume-sends';

/**
 * Header of the last state of a batch: offset of the request that made it, the fallback when the group's offsets are lost.
 * One is enough, compaction takes it away only when a later batch has another.
 */
export const REQUEST_OFFSET_HEADER = 'request-offset';

/** Encoders of everything the registry writes; made once. */
export class Writers {
  readonly event: EventWriter<'device-event'>;
  readonly state: EventWriter<'device-state'>;
  readonly agentState: EventWriter<'device-state'>;
  readonly reply: EventWriter<'device-reply'>;
  readonly deadLetter: EventWriter<'dead-letter'>;

  constructor(ids: SchemaIds) {
    this.event = new EventWriter(Topics.lifecycle, ids);
    this.state = new EventWriter(Topics.devices, ids);
    this.agentState = new EventWriter(AgentTopics.devices('any'), ids);
    this.reply = new EventWriter(Topics.deviceReplies, ids);
    this.deadLetter = new EventWriter(Topics.deadLetters, ids);
  }
}

/** Of a state, besides what its configurations take: enough to end a batch in time. */
const STATE_BYTES = 500;

export class Outputs {
  private readonly byTopic = new Map<string, Message[]>();
  private readonly bytes = new Map<string, number>();

  constructor(
    private readonly writers: Writers,
    private readonly partition: number,
  ) {}

  /** `after`: the device that the event makes; its state is written when all of the batch is decided. */
  event(key: string, event: DeviceEvent, after: Device): void {
    this.count(Topics.devices.name, STATE_BYTES + after.desired.length + after.reported.length);
    this.add(Topics.lifecycle.name, {
      key,
      value: this.writers.event.write(eventToRecord(event)),
      partition: this.partition,
    });
  }

  /** `request_offset`: of the newest request that the batch's states hold, told by one of them. */
  state(key: string, body: Buffer, request_offset?: string): void {
    const headers = request_offset === undefined ? {} : { headers: { [REQUEST_OFFSET_HEADER]: request_offset } };
    this.add(Topics.devices.name, {
      key,
      value: this.writers.state.frame(body),
      partition: this.partition,
      ...headers,
    });
  }

  agentState(agent_id: string, key: string, copy: Buffer | DeviceState): void {
    const { agentState } = this.writers;
    const value = Buffer.isBuffer(copy) ? agentState.frame(copy) : agentState.write(copy);
    this.add(AgentTopics.devices(agent_id).name, { key, value });
  }

  /** Whether one more message of this size should wait for the next transaction. */
  isFull(next_bytes: number): boolean {
    const dead = this.bytes.get(Topics.deadLetters.name) ?? 0;
    if (dead > 0 && dead + next_bytes > MAX_SEND_BYTES) return true;
    return [...this.bytes.values()].some((bytes) => bytes > MAX_SEND_BYTES);
  }

  /** A request without an address for the reply wants none. */
  reply(reply: DeviceReply): void {
    if (reply.reply_to === '') return;
    this.add(Topics.deviceReplies.name, { key: reply.reply_to, value: this.writers.reply.write(reply) });
  }

  deadLetter(letter: DeadLetter): void {
    const key = coordinatesKey(letter.source_topic, letter.source_partition, String(letter.source_offset));
    this.add(Topics.deadLetters.name, { key, value: this.writers.deadLetter.write(letter) });
  }

  messages(): readonly TopicMessages[] {
    return [...this.byTopic].map(([topic, messages]) => ({ topic, messages }));
  }

  private add(topic: string, message: Message): void {
    const messages = this.byTopic.get(topic);
    if (messages) messages.push(message);
    else this.byTopic.set(topic, [message]);
    this.count(topic, (message.value?.length ?? 0) + (message.key?.length ?? 0));
  }

  private count(topic: string, bytes: number): void {
    this.bytes.set(topic, (this.bytes.get(topic) ?? 0) + bytes + RECORD_OVERHEAD_BYTES);
  }
}
