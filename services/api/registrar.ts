/** Asks the registry and waits for its reply: request → m2m.device-requests, reply ← m2m.device-replies. */
import { type Producer } from 'kafkajs';
import {
  type BatchedRequest,
  type BatchedResult,
  type DefinitionRequest,
  type DeviceReply,
  type DeviceRequest,
} from '../../schemas/generated';
import { batchesOf } from './request-batches';
import { type EventWriter } from '../../schemas/stream';
import { definitionKey, deviceKey } from '../../schemas/topics';
import { ApiError } from './problem';

/** Requests waiting at once; one more is refused, the client retries with the same Idempotency-Key. */
export const MAX_WAITING = 10_000;
export const REPLY_TIMEOUT_MS = 10_000;

type Request = Omit<DeviceRequest, 'reply_to' | 'batch'>;
/** What the requests of a batch have in common. */
export type Common = Pick<DeviceRequest, 'tenant' | 'actor' | 'reason' | 'at'>;
type NewDefinition = Omit<DefinitionRequest, 'reply_to'>;

interface Written {
  readonly request_id: string;
  readonly key: string;
  readonly value: Buffer;
}

type Answer = DeviceReply | Error;

/** Requests that were written together and are awaited together: one promise and one timer, however many they are. */
class Exchange {
  readonly answered: Promise<Answer[]>;
  private readonly answers: (Answer | undefined)[];
  private open: number;
  private finish: (answers: Answer[]) => void = () => undefined;

  constructor(readonly ids: readonly string[]) {
    this.answers = Array<undefined>(ids.length).fill(undefined);
    this.open = ids.length;
    this.answered = new Promise((resolve) => (this.finish = resolve));
  }

  put(index: number, answer: Answer): void {
    if (this.answers[index] !== undefined) return;
    this.answers[index] = answer;
    if (--this.open === 0) this.finish(this.answers as Answer[]);
  }

  /** Ids still without an answer. */
  silent(): readonly string[] {
    return this.ids.filter((_, i) => this.answers[i] === undefined);
  }
}

/** Where an answer belongs. */
interface Place {
  readonly exchange: Exchange;
  readonly index: number;
}

export interface RequestWriters {
  readonly device: EventWriter<'device-request'>;
  readonly definition: EventWriter<'definition-request'>;
}

export class Registrar {
  private readonly waiting = new Map<string, Place[]>();
  private count = 0;
  /** Batches so far: part of their ids. */
  private asked = 0;

  /** `partitions`: of the requests' topic. */
  constructor(
    readonly instance: string,
    private readonly producer: Pick<Producer, 'send'>,
    private readonly writers: RequestWriters,
    private readonly partitions: number,
  ) {}

  get pending(): number {
    return this.count;
  }

  /** Resolves with the registry's reply. Throws ApiError `unavailable` when none comes in time: then ask again. */
  async ask(request: Request): Promise<DeviceReply> {
    const { device } = this.writers;
    const value = device.write({ ...request, reply_to: this.instance });
    const key = deviceKey(request.tenant, request.device_id);
    return only(await this.exchange(device.topic.name, [{ request_id: request.request_id, key, value }]));
  }

  /**
   * Many requests, decided in the order they have for each device: for each its result, or the ApiError `unavailable` that says why
   * there is none. They travel as one record for each partition, and so do the results.
   */
  async askMany(
    common: Common,
    requests: readonly BatchedRequest[],
    timeout_ms = REPLY_TIMEOUT_MS,
  ): Promise<(BatchedResult | Error)[]> {
    const batches = batchesOf(common.tenant, requests, this.partitions);
    const written = batches.map((places) => this.writeBatch(common, places, requests));
    const answers = await this.exchange(this.writers.device.topic.name, written, timeout_ms);
    const results = Array<BatchedResult | Error>(requests.length);
    for (const [b, places] of batches.entries()) {
      const answer = answers[b] as Answer;
      for (const [i, place] of places.entries()) results[place] = resultIn(answer, i);
    }
    return results;
  }

  private writeBatch(common: Common, places: readonly number[], requests: readonly BatchedRequest[]): Written {
    const batch = places.map((place) => requests[place] as BatchedRequest);
    const { device_id, type } = batch[0] as BatchedRequest;
    const request_id = `${this.instance}/${++this.asked}`;
    const record = { ...common, request_id, reply_to: this.instance, device_id, type, expected_version: null };
    const value = this.writers.device.write({ ...record, data: '{}', batch });
    return { request_id, key: deviceKey(common.tenant, device_id), value };
  }

  /** As `ask`, for a model or a group. */
  async define(r: NewDefinition): Promise<DeviceReply> {
    const { definition } = this.writers;
    const value = definition.write({ ...r, reply_to: this.instance });
    const key = definitionKey(r.tenant, r.kind, r.name);
    return only(await this.exchange(definition.topic.name, [{ request_id: r.request_id, key, value }]));
  }

  /** To be called with every reply addressed to this instance. */
  answer(reply: DeviceReply): void {
    this.settle(reply.request_id, reply);
  }

  private async exchange(
    topic: string,
    requests: readonly Written[],
    timeout_ms = REPLY_TIMEOUT_MS,
  ): Promise<Answer[]> {
    if (requests.length === 0) return [];
    if (this.count + requests.length > MAX_WAITING)
      return requests.map(() => new ApiError('unavailable', `${MAX_WAITING} requests are waiting already`));
    const exchange = this.expect(requests.map((r) => r.request_id));
    const silence = setTimeout(
      () => this.give(exchange, unavailable('the registry has not answered', undefined)),
      timeout_ms,
    );
    try {
      const messages = requests.map(({ key, value }) => ({ key, value }));
      await this.producer.send({ topic, acks: -1, messages });
    } catch (cause) {
      this.give(exchange, unavailable('the broker did not take the request', cause));
    }
    const answers = await exchange.answered;
    clearTimeout(silence);
    return answers;
  }

  private expect(ids: readonly string[]): Exchange {
    const exchange = new Exchange(ids);
    for (const [index, id] of ids.entries()) {
      const place = { exchange, index };
      const others = this.waiting.get(id);
      if (others) others.push(place);
      else this.waiting.set(id, [place]);
    }
    this.count += ids.length;
    return exchange;
  }

  /** To all that are still without an answer. */
  private give(exchange: Exchange, error: Error): void {
    for (const id of exchange.silent()) this.settle(id, error);
  }

  private settle(requestId: string, answer: Answer): void {
    const places = this.waiting.get(requestId) ?? [];
    this.waiting.delete(requestId);
    this.count -= places.length;
    for (const { exchange, index } of places) exchange.put(index, answer);
  }
}

function only(replies: readonly Answer[]): DeviceReply {
  const [reply] = replies;
  if (reply === undefined || reply instanceof Error) throw reply ?? new Error('one request has one reply');
  return reply;
}

/** A registry that knows of no batches answers with a refusal. */
function resultIn(answer: Answer, index: number): BatchedResult | Error {
  if (answer instanceof Error) return answer;
  return answer.results?.[index] ?? new ApiError('unavailable', `the registry does not take batches: ${answer.detail}`);
}

function unavailable(why: string, cause: unknown): ApiError {
  const hint = 'it may still be carried out: repeat the request with the same Idempotency-Key';
  return new ApiError('unavailable', `${why}; ${hint}`, {}, { cause });
}
