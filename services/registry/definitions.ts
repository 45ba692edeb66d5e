/** The registry of definitions, models and groups: the same transactions as for devices, on topics of one partition. */
import { type Kafka, type KafkaMessage, type TopicMessages } from 'kafkajs';
import { type Definition, type DefinitionRequest, type DeviceReply } from '../../schemas/generated';
import { EventReader, EventWriter, type SchemaIds, type WriterSchemas } from '../../schemas/stream';
import { definitionKey, Topics } from '../../schemas/topics';
import { decide, type DefinitionDecision } from '../domain/definition';
import { deadLetter, refusalOf } from '../lib/consume-dead-letter';
import { type Opened } from '../lib/consume-opening';
import { type Handled, type PartitionWork } from '../lib/consume-partition';
import { readToEnd } from '../lib/consume-snapshot';

export const DEFINITIONS_GROUP = 'registry-definitions';
/** Bodies are at most 64 K characters: what a transaction writes stays below what a broker takes. */
export const MAX_DEFINITIONS_PER_TRANSACTION = 4;

export class DefinitionWriters {
  readonly log: EventWriter<'definition'>;
  readonly state: EventWriter<'definition'>;
  readonly reply: EventWriter<'device-reply'>;
  readonly deadLetter: EventWriter<'dead-letter'>;

  constructor(ids: SchemaIds) {
    this.log = new EventWriter(Topics.definitionLog, ids);
    this.state = new EventWriter(Topics.definitions, ids);
    this.reply = new EventWriter(Topics.deviceReplies, ids);
    this.deadLetter = new EventWriter(Topics.deadLetters, ids);
  }
}

export interface DefinitionDeps {
  readonly writers: DefinitionWriters;
  readonly requests: Pick<EventReader<'definition-request'>, 'read'>;
  /** ms since 1970-01-01 UTC. */
  now(): number;
}

type Outputs = Map<string, { key: string; value: Buffer }[]>;

export class DefinitionRegistry implements PartitionWork {
  constructor(
    private readonly known: Map<string, Definition>,
    private readonly deps: DefinitionDeps,
  ) {}

  async handle(messages: readonly KafkaMessage[]): Promise<Handled> {
    const outputs: Outputs = new Map();
    for (const message of messages) await this.answer(message, outputs);
    const written: TopicMessages[] = [...outputs].map(([topic, m]) => ({ topic, messages: m }));
    return { outputs: written, handled: messages.length };
  }

  /** What was answered is already in `known`; on failure this registry is dropped with it. */
  committed(): void {
    return undefined;
  }

  private async answer(message: KafkaMessage, outputs: Outputs): Promise<void> {
    const { writers, now } = this.deps;
    const request = await this.read(message, outputs);
    if (!request) return;
    const key = definitionKey(request.tenant, request.kind, request.name);
    const before = this.known.get(key) ?? null;
    const decision = decide(before, request, { now: now(), count: this.countLike(request) });
    if (decision.kind === 'accepted') {
      this.known.set(key, decision.definition);
      add(outputs, writers.log.topic.name, key, writers.log.write(decision.definition));
      add(outputs, writers.state.topic.name, key, writers.state.write(decision.definition));
    }
    if (request.reply_to === '') return;
    const reply = replyTo(request, decision, this.known.get(key) ?? null, now());
    add(outputs, writers.reply.topic.name, request.reply_to, writers.reply.write(reply));
  }

  private async read(message: KafkaMessage, outputs: Outputs): Promise<DefinitionRequest | undefined> {
    try {
      if (message.value !== null) return await this.deps.requests.read(message.value);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      this.bury(message, refusal, outputs);
      return undefined;
    }
    this.bury(message, { code: 'refused', reason: 'a request without a body' }, outputs);
    return undefined;
  }

  private bury(message: KafkaMessage, refusal: Parameters<typeof deadLetter>[2], outputs: Outputs): void {
    const { writers, now } = this.deps;
    const source = { topic: Topics.definitionRequests.name, partition: 0, consumer: DEFINITIONS_GROUP, now: now() };
    const letter = deadLetter(message, source, refusal);
    const key = `${letter.source_topic}:0:${letter.source_offset}`;
    add(outputs, writers.deadLetter.topic.name, key, writers.deadLetter.write(letter));
  }

  private countLike({ tenant, kind }: DefinitionRequest): number {
    const prefix = definitionKey(tenant, kind, '');
    let count = 0;
    for (const key of this.known.keys()) if (key.startsWith(prefix)) count++;
    return count;
  }
}

/** Rebuilds the definitions from their compacted topic. */
export async function openDefinitions(
  kafka: Kafka,
  schemas: WriterSchemas,
  deps: DefinitionDeps,
  newId: () => string,
): Promise<Opened<DefinitionRegistry>> {
  const reader = new EventReader('definition', schemas);
  const known = new Map<string, Definition>();
  await readToEnd(kafka, {
    groupId: `${DEFINITIONS_GROUP}-state-${newId()}`,
    topic: Topics.definitions.name,
    partitions: [0],
    onMessage: async ({ key, value }) => {
      if (value !== null) known.set(String(key), await reader.read(value));
    },
  });
  return { work: new DefinitionRegistry(known, deps) };
}

function add(outputs: Outputs, topic: string, key: string, value: Buffer): void {
  const messages = outputs.get(topic);
  if (messages) messages.push({ key, value });
  else outputs.set(topic, [{ key, value }]);
}

function replyTo(
  request: DefinitionRequest,
  decision: DefinitionDecision,
  definition: Definition | null,
  at: number,
): DeviceReply {
  const { request_id, reply_to, tenant, kind, name } = request;
  const [code, detail] = decision.kind === 'rejected' ? [decision.code, decision.detail] : ['', ''];
  const state = definition === null ? '' : JSON.stringify(definition);
  return {
    request_id,
    reply_to,
    tenant,
    device_id: `${kind}/${name}`,
    outcome: decision.kind,
    code,
    detail,
    state,
    at,
  };
}
