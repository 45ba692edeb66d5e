/** The parts of an agent that speak to the stream, made together: they share its client and what is known of the schemas. */
import { type Command } from '../schemas/generated';
import { Publisher } from '../schemas/publisher';
import { createKafka, idempotentProducer, type StreamConfig, WriterSchemas } from '../schemas/stream';
import { type AgentOptions } from './agent';
import { DirectWord } from './io/commands/direct';
import { type CommandTraces } from './io/commands/traces';
import { type DeviceStates } from './io/device-states';
import { Inbox } from './io/inbox';
import { type OutboxReader } from './io/outbox-api';
import { HintFile } from './io/shipper/hint';
import { KafkaLink } from './io/shipper/link';
import { DiskSchemaIds } from './io/shipper/schema-ids';
import { Shipper } from './io/shipper/shipper';
import { ShipTraces } from './io/shipper/traces';
import { WriterSchemaCache } from './io/writer-schemas';

export interface StreamParts {
  readonly shipper: Shipper;
  readonly inbox: Inbox;
  readonly direct: DirectWord;
}

export interface StreamPartsOptions extends Pick<
  AgentOptions,
  'plan' | 'deps' | 'log' | 'replicationFactor' | 'tracing' | 'profile'
> {
  readonly stream: StreamConfig;
  readonly outbox: OutboxReader;
  readonly traces: CommandTraces;
  readonly states: DeviceStates;
  /** Path of a file of the agent's. */
  file(name: string): string;
  deliver(commands: readonly Command[]): Promise<void>;
  /** As Shipper's onForgotten. */
  forgotten(): void;
}

export function streamParts(options: StreamPartsOptions): StreamParts {
  const { plan, deps, log, replicationFactor, tracing, stream, traces } = options;
  const kafka = createKafka(stream, log);
  const agentId = plan.agent_id;
  const schemaIds = new DiskSchemaIds(stream, options.file('schema-ids.json'));
  const inbox = new Inbox({
    ...{ agentId, kafka, replicationFactor, clock: deps.clock, random: deps.random },
    schemas: new WriterSchemaCache(new WriterSchemas(stream), options.file('writer-schemas.json')),
    heard: (command, traceparent) => traces.heard(command, traceparent),
    deliver: options.deliver,
    devices: options.states,
    desired: async (profile) => options.profile?.desire(profile),
    onEvent: (event) => (event.kind === 'connected' ? log.info({ event }, 'inbox') : log.warn({ event }, 'inbox')),
  });
  const shipper = new Shipper({
    ...{ agentId, outbox: options.outbox, schemaIds, clock: deps.clock, random: deps.random },
    link: new KafkaLink(kafka, { agentId, replicationFactor, clock: deps.clock }),
    hint: new HintFile(options.file('shipped.json')),
    traces: tracing && new ShipTraces({ ...tracing, agentId, commands: traces }),
    onEvent: (event) => (event.kind === 'connected' ? log.info({ event }, 'shipper') : log.warn({ event }, 'shipper')),
    onForgotten: () => {
      log.warn('the stream was put back to an earlier moment: what came after it is told again');
      options.forgotten();
    },
    onFatal: (err) => {
      // Goes on storing, and says so: two copies that restart each other would never end.
      log.fatal({ err }, 'shipping has ended');
      void inbox.stop();
    },
  });
  const direct = new DirectWord({
    ...{ schemaIds, clock: deps.clock },
    publisher: new Publisher(() => idempotentProducer(kafka)),
    open: () => shipper.works,
    ...(tracing && { span: (key: string) => traces.telling(key) }),
  });
  return { shipper, inbox, direct };
}
