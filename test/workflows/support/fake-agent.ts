/** Stands in for an edge agent on the stream: takes orders once each, answers as told. */
import { type Producer } from 'kafkajs';
import { type Command, type CommandEvent } from '../../../schemas/generated';
import {
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  WriterSchemas,
} from '../../../schemas/stream';
import { AgentTopics, commandKey, Topics } from '../../../schemas/topics';
import { type Tail, tail } from '../../../services/lib/tail';

export interface Answer {
  readonly state: string;
  readonly result?: string;
  readonly detail?: string;
}

const silent = { warn: () => undefined };

export class FakeAgent {
  /** Orders as they came, re-sends included. */
  readonly orders: Command[] = [];
  /** Answers by command id: a command is carried out once and its answers are repeated for a re-send. */
  private readonly ledger = new Map<string, readonly Answer[]>();
  private tail: Tail | undefined;

  private constructor(
    readonly id: string,
    private readonly producer: Producer,
    private readonly writer: EventWriter<'command-event'>,
    private readonly answer: (command: Command) => readonly Answer[],
  ) {}

  /** `answer` is asked once for each command; what it returns goes out as one batch. */
  static async start(
    env: Readonly<Record<string, string>>,
    id: string,
    answer: (command: Command) => readonly Answer[],
  ): Promise<FakeAgent> {
    const config = streamConfig(env, `agent-${id}`);
    const kafka = createKafka(config, silent);
    const commands = AgentTopics.commands(id);
    const ids = await registerSchemas(config, [Topics.commandEvents, commands]);
    const admin = kafka.admin();
    await admin.connect();
    await ensureTopics(admin, [Topics.commandEvents, commands]);
    await admin.disconnect();
    const producer = idempotentProducer(kafka);
    await producer.connect();
    const agent = new FakeAgent(id, producer, new EventWriter(Topics.commandEvents, ids), answer);
    const reader = new EventReader('command', new WriterSchemas(config));
    const onMessage = async ({ value }: { value: Buffer | null }): Promise<void> => {
      if (value) await agent.take(await reader.read(value));
    };
    const options = { groupId: `fake-${id}`, topics: [commands.name], from: 'beginning' as const, onMessage };
    agent.tail = await tail(kafka, options, silent);
    return agent;
  }

  async stop(): Promise<void> {
    await this.tail?.stop();
    await this.producer.disconnect();
  }

  /** Reports about a command, as one batch. */
  async report(command: Command, answers: readonly Answer[]): Promise<void> {
    await this.write(answers.map((a) => this.eventOf(command, a)));
  }

  /** Events as somebody else writes them, as one batch. */
  async write(events: readonly CommandEvent[]): Promise<void> {
    const messages = events.map((e) => ({ key: commandKey(e.tenant, e.command_id), value: this.writer.write(e) }));
    if (messages.length > 0) await this.producer.send({ topic: Topics.commandEvents.name, acks: -1, messages });
  }

  /** Anything at all, onto the topic of events. */
  async raw(value: Buffer): Promise<void> {
    await this.producer.send({ topic: Topics.commandEvents.name, acks: -1, messages: [{ key: 'raw', value }] });
  }

  private async take(command: Command): Promise<void> {
    this.orders.push(command);
    const answers = this.ledger.get(command.command_id) ?? this.answer(command);
    this.ledger.set(command.command_id, answers);
    await this.report(command, answers);
  }

  private eventOf(c: Command, { state, result = '{}', detail = '' }: Answer): CommandEvent {
    const { command_id, tenant, device_id, agent_id, name, args, qos, attempt } = c;
    const actor = `agent:${this.id}`;
    return {
      command_id,
      tenant,
      device_id,
      agent_id,
      state,
      at: Date.now(),
      actor,
      name,
      args,
      qos,
      attempt,
      detail,
      result,
      seq: null,
    };
  }
}
