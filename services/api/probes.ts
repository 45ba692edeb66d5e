/** Asks an agent about a draft and waits for what it finds: m2m.agents.<id>.probes →, ← m2m.probe-answers (decision 0624). */
import { MAX_PROBE_MS, type ProbeRequest, type ProbeResult } from '../../schemas/probe';
import { type ProbeAnswer } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { AgentTopics, deviceKey, type Topic } from '../../schemas/topics';
import { type Publisher } from '../../schemas/publisher';
import { ApiError } from './problem';

/** Questions waiting at once. */
export const MAX_PROBES = 100;
/** For the agent to hear it, to start and to answer, beside the time it looks, ms. */
export const AROUND_MS = 20_000;

export interface Asker {
  readonly tenant: string;
  readonly actor: string;
}

interface Options {
  readonly publisher: Pick<Publisher, 'send'>;
  readonly ids: SchemaIds;
  /** Makes the topic when it is not there: the agent may never have been here. */
  readonly ensure: (topic: Topic) => Promise<void>;
  readonly now: () => number;
  /** Nobody can guess it: the answer that carries it is the agent's. */
  readonly newSecret: () => string;
  readonly around_ms?: number;
}

export class Probes {
  private readonly waiting = new Map<string, (answer: ProbeAnswer) => void>();
  private readonly writer: EventWriter<'probe-order'>;

  constructor(private readonly options: Options) {
    this.writer = new EventWriter(AgentTopics.probes('any'), options.ids);
  }

  /** Throws ApiError: `refused` with the agent's reason or when it says nothing, `unavailable` when it cannot be asked. */
  async ask({ tenant, actor }: Asker, agentId: string, request: ProbeRequest): Promise<ProbeResult> {
    if (this.waiting.size >= MAX_PROBES)
      throw new ApiError('unavailable', `${MAX_PROBES} questions are waiting already`);
    const { publisher, ensure, now, newSecret, around_ms = AROUND_MS } = this.options;
    const [probe_id, topic] = [newSecret(), AgentTopics.probes(agentId)];
    const order = { tenant, agent_id: agentId, probe_id, request: JSON.stringify(request), by: actor, at: now() };
    const answered = new Promise<ProbeAnswer>((resolve) => this.waiting.set(probe_id, resolve));
    let silence: NodeJS.Timeout | undefined;
    try {
      await ensure(topic);
      await publisher.send([{ topic: topic.name, key: deviceKey(tenant, agentId), value: this.writer.write(order) }]);
      const most_ms = Math.min(request.wait_ms, MAX_PROBE_MS) + around_ms;
      const silent = new Promise<undefined>((resolve) => (silence = setTimeout(() => resolve(undefined), most_ms)));
      return resultOf(agentId, await Promise.race([answered, silent]));
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      throw new ApiError('unavailable', `the stream did not answer: ${(cause as Error).message}`, {}, { cause });
    } finally {
      clearTimeout(silence);
      this.waiting.delete(probe_id);
    }
  }

  /** To be called with every answer that comes; those of others are passed over. */
  answer(answer: ProbeAnswer): void {
    this.waiting.get(answer.probe_id)?.(answer);
  }
}

function resultOf(agentId: string, answer: ProbeAnswer | undefined): ProbeResult {
  if (!answer)
    throw new ApiError('refused', `agent ${agentId} said nothing: is it online, and may it read its questions?`);
  if (answer.outcome === 'refused') throw new ApiError('refused', answer.detail);
  return JSON.parse(answer.answer) as ProbeResult;
}
