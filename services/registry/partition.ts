/** The registry of one partition: decides requests in order, the later ones of a batch on what the earlier ones made. */
import { type KafkaMessage } from 'kafkajs';
import { type DeviceReply, type DeviceRequest } from '../../schemas/generated';
import { type EventReader } from '../../schemas/stream';
import { deviceKey, Topics } from '../../schemas/topics';
import {
  checkRequest,
  decide,
  type Decision,
  describeProblems,
  type DeviceOrNone,
  deviceToRecord,
  evolve,
  REQUEST_TYPES,
} from '../domain/device';
import { deadLetter, type Refusal, refusalOf } from '../lib/consume-dead-letter';
import { type Handled, type PartitionWork } from '../lib/consume-partition';
import { AgentChanges } from './agent-copies';
import { batchReply, MAX_BATCHED, requestsIn, resultOf } from './batched';
import { Outputs, type Writers } from './outputs';
import { type RegistryMetrics } from './metrics';
import { type DeviceStore } from './store';

export const GROUP_ID = 'registry';
/** Several times what a valid request can take. */
export const MAX_REQUEST_BYTES = 256 * 1_024;
const MAX_TOLD_CHARS = 200;

export interface RegistryDeps {
  readonly writers: Writers;
  readonly requests: Pick<EventReader<'device-request'>, 'read'>;
  /** ms since 1970-01-01 UTC. */
  now(): number;
  newId(): string;
  partitionOf(key: string): number;
  ensureAgentTopics(agents: Iterable<string>): Promise<void>;
  readonly metrics: Pick<RegistryMetrics, 'decision' | 'transaction' | 'devices'>;
}

/** What belongs to one transaction. */
interface Batch {
  readonly outputs: Outputs;
  readonly agents: AgentChanges;
  /** The device that was changed last, and the offset of the request that did. */
  newest?: { readonly key: string; readonly offset: string };
}

interface Tally {
  readonly outcome: string;
  readonly type: string;
  count: number;
}

interface Settled {
  readonly decision: Decision;
  readonly device: DeviceOrNone;
}

type Read = { readonly request: DeviceRequest } | { readonly refusal: Refusal };

export class PartitionRegistry implements PartitionWork {
  /** Decisions of the batch under way, by outcome and type: a metric is looked up once for each, not for each request. */
  private tally = new Map<string, Tally>();
  private begun_at = 0;

  constructor(
    readonly partition: number,
    private readonly store: DeviceStore,
    private readonly deps: RegistryDeps,
  ) {}

  get devices(): number {
    return this.store.size;
  }

  async handle(messages: readonly KafkaMessage[]): Promise<Handled> {
    this.begun_at = this.deps.now();
    const batch: Batch = {
      outputs: new Outputs(this.deps.writers, this.partition),
      agents: new AgentChanges(),
    };
    let handled = 0;
    for (const message of messages) {
      if (handled > 0 && batch.outputs.isFull(message.value?.length ?? 0)) break;
      const read = await this.read(message);
      if ('refusal' in read) this.refuse(message, read.refusal, batch.outputs);
      else this.answer(message.offset, read.request, batch);
      handled++;
    }
    await this.writeStates(batch);
    return { outputs: batch.outputs.messages(), handled };
  }

  committed(): void {
    this.store.commit();
    const { metrics, now } = this.deps;
    let decided = 0;
    for (const { outcome, type, count } of this.tally.values()) {
      metrics.decision(outcome, type, count);
      decided += count;
    }
    metrics.transaction(decided, (now() - this.begun_at) / 1_000);
    metrics.devices(this.partition, this.store.size);
    this.tally.clear();
  }

  private async read(message: KafkaMessage): Promise<Read> {
    if (message.value === null) return refused('a request without a body');
    if (message.value.length > MAX_REQUEST_BYTES)
      return refused(`a request of ${message.value.length} bytes; at most ${MAX_REQUEST_BYTES}`);
    let request: DeviceRequest;
    try {
      request = await this.deps.requests.read(message.value);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      return { refusal };
    }
    const why = this.misplaced(request, message.key?.toString() ?? 'null');
    return why === undefined ? { request } : refused(why);
  }

  /** Two partitions deciding one device would be two lives. */
  private misplaced(request: DeviceRequest, found: string): string | undefined {
    const wanted = deviceKey(request.tenant, request.device_id);
    if (found !== wanted) return `key ${clip(found)} is not ${clip(wanted)}`;
    const batch = request.batch ?? [];
    if (batch.length > MAX_BATCHED) return `a batch of ${batch.length} requests; at most ${MAX_BATCHED}`;
    const devices = batch.length === 0 ? [request] : batch;
    for (const { device_id } of devices) {
      const key = deviceKey(request.tenant, device_id);
      const home = this.deps.partitionOf(key);
      if (home !== this.partition) return `key ${clip(key)} belongs in partition ${home}: which partitioner?`;
    }
    return undefined;
  }

  private refuse(message: KafkaMessage, refusal: Refusal, outputs: Outputs): void {
    const source = { topic: Topics.deviceRequests.name, partition: this.partition, consumer: GROUP_ID };
    outputs.deadLetter(deadLetter(message, { ...source, now: this.deps.now() }, refusal));
    this.count('refused', 'other');
  }

  private answer(offset: string, record: DeviceRequest, batch: Batch): void {
    const now = this.deps.now();
    const requests = requestsIn(record);
    if (requests.length > 0) {
      const results = requests.map((request) => {
        const { decision, device } = this.settle(offset, request, batch, now);
        return resultOf(decision, device);
      });
      return batch.outputs.reply(batchReply(record, results, now));
    }
    const { decision, device } = this.settle(offset, record, batch, now);
    batch.outputs.reply(replyTo(record, decision, device, now));
  }

  /** Decides one request on what those before it made. */
  private settle(offset: string, record: DeviceRequest, batch: Batch, now: number): Settled {
    const key = deviceKey(record.tenant, record.device_id);
    const before = this.store.get(key);
    const decision = this.decide(before, record, now);
    this.count(decision.kind, knownType(record.type));
    if (decision.kind !== 'accepted') return { decision, device: before };
    const device = evolve(before, decision.event);
    batch.agents.note(key, before, device);
    this.store.put(key, device);
    batch.newest = { key, offset };
    batch.outputs.event(key, decision.event, device);
    return { decision, device };
  }

  private count(outcome: string, type: string): void {
    const key = `${outcome} ${type}`;
    const known = this.tally.get(key);
    if (known) known.count++;
    else this.tally.set(key, { outcome, type, count: 1 });
  }

  private decide(state: DeviceOrNone, record: DeviceRequest, now: number): Decision {
    const checked = checkRequest(record);
    if (checked.kind === 'invalid')
      return { kind: 'rejected', code: 'invalid', detail: describeProblems(checked.problems) };
    return decide(state, checked.request, { now, event_id: this.deps.newId() });
  }

  /** One state per device however often the batch changed it: the topic is compacted, events tell the steps. */
  private async writeStates({ outputs, agents, newest }: Batch): Promise<void> {
    const addressed = new Set<string>();
    for (const [key, device, body] of this.store.changed()) {
      outputs.state(key, body, key === newest?.key ? newest.offset : undefined);
      for (const { agent_id, farewell } of agents.copies(key, device)) {
        addressed.add(agent_id);
        outputs.agentState(agent_id, key, farewell ?? body);
      }
    }
    await this.deps.ensureAgentTopics(addressed);
  }
}

const clip = (text: string): string => text.slice(0, MAX_TOLD_CHARS);
const refused = (reason: string): Read => ({ refusal: { code: 'refused', reason } });

/** What came off the wire must not become a label as it is. */
function knownType(type: string): string {
  return REQUEST_TYPES.find((t) => t === type) ?? 'other';
}

function replyTo(request: DeviceRequest, decision: Decision, device: DeviceOrNone, at: number): DeviceReply {
  const { request_id, reply_to, tenant, device_id } = request;
  const [code, detail] = decision.kind === 'rejected' ? [decision.code, decision.detail] : ['', ''];
  const state = device === null ? '' : JSON.stringify(deviceToRecord(device));
  return { request_id, reply_to, tenant, device_id, outcome: decision.kind, code, detail, state, at };
}
