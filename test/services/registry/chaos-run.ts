/**
 * Lives under fire: seeded requests of every kind, alone and many in one record, while registries and the broker are killed,
 * frozen and replaced. At the end every request has been answered, every accepted one is exactly one event, every answer is
 * what the log says, and log, states and SQL agree.
 */
import { randomUUID } from 'node:crypto';
import { type ClickHouseClient } from '@clickhouse/client';
import { type Admin } from 'kafkajs';
import { type DeviceReply, type DeviceState } from '../../../schemas/generated';
import { createKafka, EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { batchesOf } from '../../../services/api/request-batches';
import { type DeviceEvent, eventFromRecord } from '../../../services/domain/device';
import { clickHouseFromEnv } from '../../../services/lib/clickhouse';
import { readToEnd } from '../../../services/lib/consume-snapshot';
import { type Verdict, verify } from '../../../services/registry/verify/verify';
import { Random } from '../../chaos/support/random';
import { type Stack, startStack } from '../../support/stack';
import { Asker, requestOf, type Wish } from './asker';
import { ChaosProcesses } from './chaos-processes';
import { type Answer, type Asked, type Findings, judgeAnswers } from './judge-answers';
import { Wishes } from './wishes';

export interface ChaosOptions {
  readonly seed: number;
  /** kill -9 of registries and the broker; freezes and kills of the projector come on top. */
  readonly kills: number;
  /** Accepted moves between one blow and the next, at least: what is killed is at work. */
  readonly moves: number;
  /** That live at the same time. */
  readonly devices: number;
  /** With ClickHouse and a projector, killed like the others; SQL must agree at the end too. */
  readonly sql?: boolean;
  readonly report?: (line: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly kills: Record<Blow, number>;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly records: { readonly alone: number; readonly batches: number };
  readonly answers: Findings;
  /** Answers to what nobody asked. */
  readonly unasked: number;
  readonly verdict: Verdict;
}

type Blow = 'registry' | 'broker' | 'freeze' | 'projector';

const INSTANCE = 'chaos';
const ALONE_PER_SEND = 20;
/** Of wishes that are packed as the API packs uploads: a few in a record, or hundreds. */
const BATCHED_PER_SEND = [6, 30, 120, 600];
/** Requests without an answer at a time: enough that there is always work, and no backlog of minutes. */
const MAX_OPEN = 800;
const BROKER_PERCENT = 12;
const BOTH_PERCENT = 15;
const KILLS_PER_FREEZE = 20;
const KILLS_PER_PROJECTOR = 8;
const MAX_PAUSE_MS = 400;
/** Without an answer to anything, after which what is unanswered stays so. */
const SILENCE_MS = 120_000;
/** Comparisons with SQL until they agree: it has all events then, states may be a moment behind. */
const VERDICTS = 5;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const sql = options.sql ? (['clickhouse'] as const) : [];
  const stack = await startStack({ want: ['kafka', 'schema-registry', ...sql] });
  const admin = createKafka(streamConfig(stack.env, INSTANCE), { warn: () => undefined }).admin();
  const run = new ChaosRun(stack, admin, options);
  try {
    await admin.connect();
    return await run.run();
  } finally {
    await run.stop();
    await admin.disconnect();
    await stack.stop();
  }
}

class ChaosRun {
  private readonly wishes: Wishes;
  /** Of what is asked, apart from that of the blows: the load depends on answers, the blows do not. */
  private readonly random: Random;
  private readonly processes: ChaosProcesses;
  private readonly asked = new Map<string, Asked>();
  /** Ids of the requests in each batch, by the batch's. */
  private readonly batches = new Map<string, readonly string[]>();
  private readonly kills: Record<Blow, number> = { registry: 0, broker: 0, freeze: 0, projector: 0 };
  private asker: Asker | undefined;
  private answered = 0;
  private accepted = 0;
  /** Answers to what nobody asked. */
  private unasked = 0;
  private firing = true;

  constructor(
    private readonly stack: Stack,
    admin: Admin,
    private readonly options: ChaosOptions,
  ) {
    this.random = new Random(options.seed);
    this.wishes = new Wishes(this.random, options.devices);
    this.processes = new ChaosProcesses(stack, admin);
  }

  async run(): Promise<ChaosResult> {
    const asker = await Asker.start(streamConfig(this.stack.env, INSTANCE), INSTANCE, (reply) => this.hear(reply));
    this.asker = asker;
    await this.processes.start(this.options.sql === true);
    const begun_at = Date.now();
    const load = this.load(asker);
    await this.fire(new Random(this.options.seed + 1)).finally(() => (this.firing = false));
    await load;
    await this.settle();
    const seconds = Math.round((Date.now() - begun_at) / 1_000);
    return this.judge(asker, seconds);
  }

  async stop(): Promise<void> {
    this.firing = false;
    await this.processes.stop();
    await this.asker?.stop();
  }

  private async load(asker: Asker): Promise<void> {
    while (this.firing) {
      if (this.open() > MAX_OPEN) await pause(5);
      else await this.sendSurely(asker, this.round());
    }
  }

  /** Records to be sent together. */
  private round(): Wish[] {
    const alone = this.wishes.some(ALONE_PER_SEND, true);
    const many = this.wishes.some(this.random.pick(BATCHED_PER_SEND), false);
    const items = many.map(({ request_id, device_id, type, data }) => ({
      ...{ request_id, device_id, type, data: JSON.stringify(data) },
    }));
    const batches = batchesOf('default', items, Topics.deviceRequests.partitions).map((places) => {
      const batch = places.map((place) => items[place] as (typeof items)[number]);
      const request_id = `b-${this.batches.size}`;
      const [first] = batch;
      this.batches.set(
        request_id,
        batch.map((b) => b.request_id),
      );
      return { request_id, device_id: first?.device_id ?? '', type: first?.type ?? '', reason: 'chaos', batch };
    });
    for (const wish of [...alone, ...many]) this.note(wish);
    return [...alone, ...batches];
  }

  private note(wish: Wish): void {
    const known = this.asked.get(wish.request_id);
    if (known) known.times++;
    else this.asked.set(wish.request_id, { request: requestOf(wish, INSTANCE), times: 1, answers: [] });
  }

  /** Asks again under the same ids when it is not known whether the broker took them. */
  private async sendSurely(asker: Asker, records: readonly Wish[]): Promise<void> {
    for (;;)
      try {
        return await asker.send(records);
      } catch (err) {
        this.options.report?.(`asking again: ${(err as Error).message}`);
        const ids = records.flatMap(({ request_id }) => this.batches.get(request_id) ?? [request_id]);
        for (const asked of ids.map((id) => this.asked.get(id))) if (asked) asked.times++;
        await pause(500);
      }
  }

  private hear(reply: DeviceReply): void {
    const { request_id, state: whole, outcome, code, detail, results = [] } = reply;
    const ids = this.batches.get(request_id);
    if (ids) {
      // Too few leave requests without an answer.
      for (const [i, result] of results.entries()) this.take(ids[i], result);
      return;
    }
    const { state = '', version = 0 } = whole === '' ? {} : (JSON.parse(whole) as DeviceState);
    this.take(request_id, { outcome, code, detail, state, version, whole });
  }

  private take(id: string | undefined, answer: Answer): void {
    const asked = this.asked.get(id ?? '');
    if (!asked) return void this.unasked++;
    if (asked.answers.length === 0) this.answered++;
    if (answer.outcome === 'accepted') this.accepted++;
    asked.answers.push(answer);
    this.wishes.learned(asked.request.device_id, answer.state, answer.version);
  }

  private open(): number {
    return this.asked.size - this.answered;
  }

  private async fire(chance: Random): Promise<void> {
    const { kills, moves, sql } = this.options;
    for (let i = 0, struck = 0; struck < kills; i++) {
      await this.untilMoved(this.accepted + moves);
      await pause(chance.below(MAX_PAUSE_MS));
      if (i % KILLS_PER_FREEZE === KILLS_PER_FREEZE / 2) await this.strike('freeze', chance.below(2), 1);
      if (sql && i % KILLS_PER_PROJECTOR === KILLS_PER_PROJECTOR / 2) await this.strike('projector', 0, 1);
      const blow = chance.below(100) < BROKER_PERCENT ? 'broker' : 'registry';
      const n = blow === 'registry' && struck + 2 <= kills && chance.below(100) < BOTH_PERCENT ? 2 : 1;
      await this.strike(blow, chance.below(2), n);
      struck += n;
    }
    await this.processes.thawed();
  }

  private async untilMoved(accepted: number): Promise<void> {
    for (let [since, last] = [Date.now(), this.accepted]; this.accepted < accepted; await pause(20)) {
      if (this.accepted > last) [since, last] = [Date.now(), this.accepted];
      if (Date.now() - since > SILENCE_MS)
        throw new Error(`no move for ${SILENCE_MS} ms; ${this.open()} requests open`);
      await this.processes.revive();
    }
  }

  private async strike(blow: Blow, place: number, n: number): Promise<void> {
    this.kills[blow] += n;
    this.options.report?.(`${blow}${n > 1 ? `, ${n} at once` : ''}: ${this.accepted} moves so far`);
    if (blow === 'broker') return this.processes.killBroker();
    if (blow === 'projector') return this.processes.killProjector();
    if (blow === 'freeze') return this.processes.freeze(place);
    return this.processes.killRegistries(place, n);
  }

  private async settle(): Promise<void> {
    this.options.report?.(`${this.open()} of ${this.asked.size} requests are still to be answered`);
    for (let [since, left] = [Date.now(), this.open()]; left > 0 && Date.now() - since < SILENCE_MS; await pause(200)) {
      await this.processes.revive();
      if (this.open() < left) since = Date.now();
      left = this.open();
    }
    // An answer too many would come now.
    await pause(1_000);
  }

  private async judge(asker: Asker, seconds: number): Promise<ChaosResult> {
    const writers = new WriterSchemas(streamConfig(this.stack.env, INSTANCE));
    const batches = this.batches.size;
    const log = await this.log(asker, writers);
    return {
      seed: this.options.seed,
      kills: this.kills,
      seconds,
      records: { alone: asker.replies.size - batches, batches },
      answers: judgeAnswers(this.asked, log),
      unasked: this.unasked,
      verdict: await this.verdict(asker, writers, log.length),
    };
  }

  /** SQL may be behind the log for a while; log and states may not. */
  private async verdict(asker: Asker, writers: WriterSchemas, events: number): Promise<Verdict> {
    const clickhouse = this.options.sql ? clickHouseFromEnv(this.stack.env, INSTANCE) : undefined;
    const deps = { kafka: asker.kafka, writers, newId: randomUUID, ...(clickhouse && { clickhouse }) };
    try {
      if (clickhouse) await this.untilProjected(clickhouse, events);
      for (let again = clickhouse ? VERDICTS : 1; ; await pause(2_000)) {
        const verdict = await verify(deps);
        if (verdict.differing === 0 || --again === 0) return verdict;
      }
    } finally {
      await clickhouse?.close();
    }
  }

  /** Until SQL has as many events as the log, or nothing more comes: then the verdict will say what is missing. */
  private async untilProjected(clickhouse: ClickHouseClient, events: number): Promise<void> {
    const begun_at = Date.now();
    const count = async (): Promise<number> => {
      const result = await clickhouse.query({ query: 'SELECT count() FROM device_lifecycle', format: 'TabSeparated' });
      return Number(await result.text());
    };
    for (let [since, last] = [Date.now(), 0]; last < events && Date.now() - since < SILENCE_MS; await pause(500)) {
      await this.processes.revive();
      const now = await count().catch(() => last);
      if (now > last) [since, last] = [Date.now(), now];
    }
    this.options.report?.(`SQL had all events ${Math.round((Date.now() - begun_at) / 1_000)} s after the last answer`);
  }

  private async log({ kafka }: Asker, writers: WriterSchemas): Promise<DeviceEvent[]> {
    const reader = new EventReader('device-event', writers);
    const events: DeviceEvent[] = [];
    await readToEnd(kafka, {
      groupId: randomUUID(),
      topic: Topics.lifecycle.name,
      partitions: Array.from({ length: Topics.lifecycle.partitions }, (_, p) => p),
      onMessage: async ({ value }) => void (value && events.push(eventFromRecord(await reader.read(value)))),
    });
    return events;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
