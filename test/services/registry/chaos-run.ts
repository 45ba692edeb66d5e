/**
 * Lives under fire: seeded requests of every kind while registries and the broker are killed, frozen and replaced. At the
 * end every request has been answered, every accepted one is exactly one event, and log and states agree.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { REQUEST_TYPES } from '../../../services/domain/device';
import { readToEnd } from '../../../services/lib/consume-snapshot';
import { type Verdict, verify } from '../../../services/registry/verify/verify';
import { type Stack, startStack } from '../../support/stack';
import { ServiceProcess } from '../service-process';
import { Asker, type Wish } from './asker';

export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  readonly devices: number;
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

type Blow = 'registry' | 'broker' | 'freeze';

const REGISTRIES = 2;
const WISHES_PER_SEND = 40;
const SEND_EVERY_MS = 25;
/** Longer than the consumer's session, so that the others take over what the frozen one still thinks it owns. */
const FREEZE_MS = 12_000;
const SETTLE_TIMEOUT_MS = 120_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const stack = await startStack({ want: ['kafka', 'schema-registry'] });
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
  private firing = true;
  private readonly kills: Record<Blow, number> = { registry: 0, broker: 0, freeze: 0 };

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
    const load = this.load(this.asker);
    for (let i = 0; i < this.options.kills; i++) await this.strike(i);
    this.firing = false;
    await load;
    await this.settle(this.asker);
    return this.judge(this.asker);
  }

  async stop(): Promise<void> {
    this.firing = false;
    await Promise.all(this.registries.map((r) => r.kill()));
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
    const data =
      type === 'register' ? { agent_id: this.pick(['agent-1', 'agent-2']) } : type === 'update' ? { name: id } : {};
    const device_id = `device-${Math.floor(this.random() * this.options.devices)}`;
    return { request_id: `r-${id}`, device_id, type, data };
  }

  private async strike(i: number): Promise<void> {
    await pause(200 + this.random() * 1_500);
    const dice = this.random();
    const blow: Blow = dice < 0.1 ? 'freeze' : dice < 0.25 ? 'broker' : 'registry';
    const victim = Math.floor(this.random() * this.registries.length);
    this.options.report?.(`blow ${i + 1}: ${blow} ${blow === 'broker' ? '' : victim}`);
    this.kills[blow]++;
    if (blow === 'broker') return this.strikeBroker();
    const registry = this.registries[victim];
    if (!registry) return;
    if (blow === 'freeze') return this.freeze(registry);
    await registry.kill();
    this.registries[victim] = await this.launch();
  }

  private async strikeBroker(): Promise<void> {
    await this.stack.kill('kafka');
    await this.stack.restart('kafka');
  }

  /** A zombie: wakes up believing it owns partitions that have another owner. */
  private async freeze(registry: ServiceProcess): Promise<void> {
    process.kill(registry.pid, 'SIGSTOP');
    await pause(FREEZE_MS);
    process.kill(registry.pid, 'SIGCONT');
  }

  private launch(): Promise<ServiceProcess> {
    return ServiceProcess.launch('registry', this.stack.env, join(this.stack.dataDir, 'logs', 'registry.log'));
  }

  private async settle(asker: Asker): Promise<void> {
    const deadline = Date.now() + SETTLE_TIMEOUT_MS;
    const unanswered = (): number => [...this.asked.keys()].filter((id) => !asker.replies.has(id)).length;
    while (unanswered() > 0 && Date.now() < deadline) await pause(200);
    await pause(1_000);
  }

  private async judge(asker: Asker): Promise<ChaosResult> {
    const writers = new WriterSchemas(streamConfig(this.stack.env, 'chaos'));
    const outcomes = [...this.asked].map(([id, asked]) => {
      const replies = asker.replies.get(id) ?? [];
      const accepted = replies.filter((r) => r.outcome === 'accepted').length;
      return { id, accepted, answered: replies.length, doubled: accepted > 1 || replies.length > asked };
    });
    const accepted = outcomes.filter((o) => o.accepted > 0).map((o) => o.id);
    const events = await this.eventsByRequest(asker, writers);
    const untold = [...events.keys()].filter((id) => !accepted.includes(id)).length;
    return {
      seed: this.options.seed,
      kills: this.kills,
      requests: this.asked.size,
      accepted: accepted.length,
      unanswered: outcomes.filter((o) => o.answered === 0).length,
      doubled: outcomes.filter((o) => o.doubled).length + [...events.values()].filter((n) => n > 1).length,
      lost: accepted.filter((id) => !events.has(id)).length + untold,
      verdict: await verify({ kafka: asker.kafka, writers, newId: randomUUID }),
    };
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
