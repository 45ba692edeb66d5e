/** Command records onto the stream: events to m2m.command-events, orders to the topic of the agent concerned. */
import { type Command, type CommandEvent } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { AgentTopics, commandKey, deviceKey, type Topic, Topics } from '../../schemas/topics';
import { traceHeaders } from '../../schemas/tracing/context';
import { during, type Tracer, untraced } from '../../schemas/tracing/tracer';
import { type Message, type Publisher } from '../../schemas/publisher';

/** Agents whose topic is known to exist; beyond it the memory starts anew, at the price of a look-up each. */
export const MAX_KNOWN_AGENTS = 10_000;

/** The domain's CommandRecords. */
interface Written {
  readonly events: readonly CommandEvent[];
  readonly commands: readonly Command[];
  readonly traceparent?: string;
}

export class StreamCommandPublisher {
  private readonly topics = new Map<string, Promise<Topic>>();
  private readonly events: EventWriter<'command-event'>;
  private readonly orders: EventWriter<'command'>;

  /** `ensureTopic` creates an agent's topic when it is missing; the schema ids cover both subjects. */
  constructor(
    private readonly publisher: Pick<Publisher, 'send'>,
    ids: SchemaIds,
    private readonly ensureTopic: (topic: Topic) => Promise<void>,
    private readonly tracer: Tracer = untraced,
  ) {
    this.events = new EventWriter(Topics.commandEvents, ids);
    this.orders = new EventWriter(AgentTopics.commands('any'), ids);
  }

  /** All are written, or, when it throws, perhaps some. */
  async publish({ events, commands, traceparent }: Written): Promise<void> {
    const [first] = [...events, ...commands];
    const attributes = {
      'millrace.command_id': first?.command_id ?? '',
      'millrace.command_states': events.map((e) => e.state).join(','),
      'millrace.orders': commands.length,
    };
    const span = this.tracer.follow(traceparent, 'publish command', { kind: 'producer', attributes });
    await during(span, async () => {
      const messages = events.map((e) => this.eventMessage(e));
      for (const order of commands) messages.push(await this.orderMessage(order));
      await this.publisher.send(messages.map((m) => ({ ...m, ...traceHeaders(span.traceparent) })));
    });
  }

  private eventMessage(event: CommandEvent): Message {
    const key = commandKey(event.tenant, event.command_id);
    return { topic: Topics.commandEvents.name, key, value: this.events.write(event) };
  }

  private async orderMessage(order: Command): Promise<Message> {
    const { name } = await this.topicOf(order.agent_id);
    return { topic: name, key: deviceKey(order.tenant, order.device_id), value: this.orders.write(order) };
  }

  private topicOf(agentId: string): Promise<Topic> {
    const known = this.topics.get(agentId);
    if (known) return known;
    if (this.topics.size >= MAX_KNOWN_AGENTS) this.topics.clear();
    const topic = AgentTopics.commands(agentId);
    const ensured = this.ensureTopic(topic).then(
      () => topic,
      (error: unknown) => {
        this.topics.delete(agentId);
        throw error;
      },
    );
    this.topics.set(agentId, ensured);
    return ensured;
  }
}
