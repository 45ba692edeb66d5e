/**
 * Lives under fire: seeded requests of every kind while registries and the broker are killed, frozen and replaced. At the
 * end every request has been answered, every accepted one is exactly one event, and log and states agree.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { over } from '../../../deploy/clickhouse/http';
import { migrate } from '../../../deploy/clickhouse/migrate';
import { render } from '../../../deploy/clickhouse/render';
import { EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { REQUEST_TYPES } from '../../../services/domain/device';
import { clickHouseFromEnv } from '../../../services/lib/clickhouse';
import { readToEnd } from '../../../services/lib/consume-snapshot';
import { type Verdict, verify } from '../../../services/registry/verify/verify';
import { type Stack, startStack } from '../../support/stack';
import { ServiceProcess } from '../service-process';
import { Asker, type Wish } from './asker';

export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  readonly devices: number;
  /** With ClickHouse and a projector, killed like the others; SQL must agree at the end too. */
  readonly sql?: boolean;
  readonly report?: (line: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly kills: Record<Blow, number>;
  readonly requests: number;
  readonly accepted: number;
  readonly unanswered: number;
  /** Accepted more than once, or answered more often than asked. */
  readonly doubled: number;
  /** Accepted requests without their event, and events nobody was told of. */
  readonly lost: number;
  readonly verdict: Verdict;
}

type Blow = 'registry' | 'broker' | 'freeze' | 'projector';

const REGISTRIES = 2;
const WISHES_PER_SEND = 40;
const SEND_EVERY_MS = 25;
/** Longer than the consumer's session, so that the others take over what the frozen one still thinks it owns. */
const FREEZE_MS = 12_000;
/** Without an answer to anything, after which what is unanswered stays so. A long run leaves much to answer. */
const SETTLE_SILENCE_MS = 120_000;
/** How long SQL may take to catch up with the log. */
const PROJECTION_TIMEOUT_MS = 60_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const sql = options.sql ? (['clickhouse'] as const) : [];
  const stack = await startStack({ want: ['kafka', 'schema-registry', ...sql] });
  const run = new ChaosRun(stack, options);
  try {
    return await run.run();
  } finally {
    await run.stop();
    await stack.stop();
  }
}

class ChaosRun {
  private readonly random: () => number;
  private readonly registries: ServiceProcess[] = [];
  private readonly asked = new Map<string, number>();
  private asker: Asker | undefined;
  private projector: ServiceProcess | undefined;
  private firing = true;
  private readonly kills: Record<Blow, number> = { registry: 0, broker: 0, freeze: 0, projector: 0 };

  constructor(
    private readonly stack: Stack,
    private readonly options: ChaosOptions,
  ) {
    this.random = mulberry32(options.seed);
  }

  async run(): Promise<ChaosResult> {
    this.asker = await Asker.start(streamConfig(this.stack.env, 'chaos'), 'chaos');
    for (let i = 0; i < REGISTRIES; i++) {
      const registry = await this.launch();
      this.registries.push(registry);
      await registry.ready();
    }
    if (this.options.sql) this.projector = await startProjection(this.stack);
    const load = this.load(this.asker);
    for (let i = 0; i < this.options.kills; i++) await this.strike(i);
    this.firing = false;
    await load;
    await this.settle(this.asker);
    return this.judge(this.asker);
  }

  async stop(): Promise<void> {
    this.firing = false;
    const all = this.projector ? [...this.registries, this.projector] : this.registries;
    await Promise.all(all.map((r) => r.kill()));
    await this.asker?.stop();
  }

  private async load(asker: Asker): Promise<void> {
    for (let n = 0; this.firing; n++) {
      const wishes = Array.from({ length: WISHES_PER_SEND }, (_, k) => this.wish(`${n}-${k}`));
      await this.sendSurely(asker, wishes);
      await pause(SEND_EVERY_MS);
    }
  }

  /** Asks again under the same ids when it is not known whether the broker took them. */
  private async sendSurely(asker: Asker, wishes: readonly Wish[]): Promise<void> {
    for (;;) {
      for (const { request_id } of wishes) this.asked.set(request_id, (this.asked.get(request_id) ?? 0) + 1);
      try {
        return await asker.send(wishes);
      } catch (err) {
        this.options.report?.(`asking again: ${(err as Error).message}`);
        await pause(500);
      }
    }
  }

  private wish(id: string): Wish {
    const type = this.pick(['register', 'provision', 'activate', ...REQUEST_TYPES]);
    const device_id = `device-${Math.floor(this.random() * this.options.devices)}`;
    const agent_id = this.pick(['agent-1', 'agent-2']);
    return { request_id: `r-${id}`, device_id, type, data: argumentsOf(type, id, agent_id), reason: id };
  }

  private async strike(i: number): Promise<void> {
    await pause(200 + this.random() * 1_500);
    await this.revive();
    const dice = this.random();
    const other: Blow = dice < 0.4 && this.projector ? 'projector' : 'registry';
    const blow: Blow = dice < 0.1 ? 'freeze' : dice < 0.25 ? 'broker' : other;
    const victim = Math.floor(this.random() * this.registries.length);
    this.options.report?.(`blow ${i + 1}: ${blow} ${blow === 'broker' ? '' : victim}`);
    this.kills[blow]++;
    if (blow === 'broker') return this.strikeBroker();
    if (blow === 'projector') return this.strikeProjector();
    const registry = this.registries[victim];
    if (!registry) return;
    if (blow === 'freeze') return this.freeze(registry);
    await registry.kill();
    this.registries[victim] = await this.launch();
  }

  /** As the launcher does: a registry that found no broker at its start has ended by itself. */
  private async revive(): Promise<void> {
    for (const [i, registry] of this.registries.entries())
      if (!registry.alive) this.registries[i] = await this.launch();
    if (this.projector && !this.projector.alive) this.projector = await launchProjector(this.stack);
  }

  private async strikeBroker(): Promise<void> {
    await this.stack.kill('kafka');
    await this.stack.restart('kafka');
  }

  private async strikeProjector(): Promise<void> {
    await this.projector?.kill();
    this.projector = await launchProjector(this.stack);
  }

  /** A zombie: wakes up believing it owns partitions that have another owner. */
  private async freeze(registry: ServiceProcess): Promise<void> {
    registry.signal('SIGSTOP');
    await pause(FREEZE_MS);
    registry.signal('SIGCONT');
  }

  private launch(): Promise<ServiceProcess> {
    return ServiceProcess.launch('registry', this.stack.env, join(this.stack.dataDir, 'logs', 'registry.log'));
  }

  private async settle(asker: Asker): Promise<void> {
    const unanswered = (): number => [...this.asked.keys()].filter((id) => !asker.replies.has(id)).length;
    let left = unanswered();
    this.options.report?.(`${left} of ${this.asked.size} requests are still to be answered`);
    for (let since = Date.now(); left > 0 && Date.now() - since < SETTLE_SILENCE_MS;) {
      await this.revive();
      await pause(200);
      const now = unanswered();
      if (now < left) since = Date.now();
      left = now;
    }
    await pause(1_000);
  }

  private async judge(asker: Asker): Promise<ChaosResult> {
    const writers = new WriterSchemas(streamConfig(this.stack.env, 'chaos'));
    const outcomes = [...this.asked].map(([id, asked]) => {
      const replies = asker.replies.get(id) ?? [];
      const accepted = replies.filter((r) => r.outcome === 'accepted').length;
      return { id, accepted, answered: replies.length, doubled: accepted > 1 || replies.length > asked };
    });
    const accepted = new Set(outcomes.filter((o) => o.accepted > 0).map((o) => o.id));
    const events = await this.eventsByRequest(asker, writers);
    const untold = [...events.keys()].filter((id) => !accepted.has(id)).length;
    return {
      seed: this.options.seed,
      kills: this.kills,
      requests: this.asked.size,
      accepted: accepted.size,
      unanswered: outcomes.filter((o) => o.answered === 0).length,
      doubled: outcomes.filter((o) => o.doubled).length + [...events.values()].filter((n) => n > 1).length,
      lost: [...accepted].filter((id) => !events.has(id)).length + untold,
      verdict: await this.verdict(asker, writers),
    };
  }

  /** SQL may be behind the log for a while; log and states may not. */
  private async verdict(asker: Asker, writers: WriterSchemas): Promise<Verdict> {
    const clickhouse = this.options.sql ? clickHouseFromEnv(this.stack.env, 'chaos') : undefined;
    try {
      for (const deadline = Date.now() + PROJECTION_TIMEOUT_MS; ; await pause(2_000)) {
        const deps = { kafka: asker.kafka, writers, newId: randomUUID, ...(clickhouse && { clickhouse }) };
        const verdict = await verify(deps);
        if (verdict.differing === 0 || !clickhouse || Date.now() > deadline) return verdict;
      }
    } finally {
      await clickhouse?.close();
    }
  }

  private async eventsByRequest(asker: Asker, writers: WriterSchemas): Promise<Map<string, number>> {
    const reader = new EventReader('device-event', writers);
    const events = new Map<string, number>();
    await readToEnd(asker.kafka, {
      groupId: randomUUID(),
      topic: Topics.lifecycle.name,
      partitions: Array.from({ length: Topics.lifecycle.partitions }, (_, p) => p),
      onMessage: async ({ value }) => {
        if (!value) return;
        const { request_id } = await reader.read(value);
        events.set(request_id, (events.get(request_id) ?? 0) + 1);
      },
    });
    return events;
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T;
  }
}

/** Arguments that may be granted, so that it is the states that decide. */
function argumentsOf(type: string, id: string, agent_id: string): object {
  switch (type) {
    case 'register':
      return { agent_id };
    case 'update':
      return { name: id };
    case 'replace':
      return { serial: id };
    case 'configure':
      return { config: { id } };
    case 'report-config':
      return { config: { id }, config_version: 0 };
    default:
      return {};
  }
}

async function startProjection(stack: Stack): Promise<ServiceProcess> {
  const { CLICKHOUSE_URL: url = '', CLICKHOUSE_USER: user = '', CLICKHOUSE_PASSWORD: password = '' } = stack.env;
  const target = { kind: 'single', database: 'millrace' } as const;
  await migrate(over({ url, user, password }), render(sourceFiles(), target), target);
  const projector = await launchProjector(stack);
  await projector.ready();
  return projector;
}

function launchProjector(stack: Stack): Promise<ServiceProcess> {
  return ServiceProcess.launch('projector', stack.env, join(stack.dataDir, 'logs', 'projector.log'));
}

/** Small seeded generator: the same seed gives the same run of numbers. */
export function mulberry32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
