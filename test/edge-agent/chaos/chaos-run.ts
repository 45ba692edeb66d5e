/**
 * An agent under fire: kill -9 of the agent and of the broker while readings stream, and the line between them cut at a
 * byte, stalled or slowed, as the seed says. At the end every number that the outbox gave out is in SQL exactly once.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { Plant } from '../../../deploy/local/plant/modbus/plant';
import { freePorts } from '../../../deploy/local/ports';
import { outboxContents } from '../../../edge-agent/verbs/outbox';
import { createKafka, type StreamConfig, streamConfig } from '../../../schemas/stream';
import { Bed, eventually } from '../../services/projector/support/bed';
import { TcpProxy } from '../../support/tcp-proxy';
import { AgentProcess } from './agent-process';
import { drain } from './drain';
import { KeptProjector } from './kept-projector';
import { fastProfile, type Load } from './plant-profile';
import { type Blow, type Moment } from './schedule';
import { accepted, judge, type Verdict } from './verdict';

export interface ChaosOptions {
  readonly blows: readonly Blow[];
  readonly load: Load;
  readonly report?: (line: string) => void;
}

export interface ChaosResult extends Verdict {
  readonly blows: Readonly<Record<Blow['kind'], number>>;
  /** Of the blows alone, and of everything from the first reading to the verdict. */
  readonly seconds: { readonly blows: number; readonly each_kill: number; readonly whole: number };
  /** Kills that hit an agent which had shipped something in this life. */
  readonly killed_under_load: number;
  readonly lives: number;
  readonly agent_cpu_s: number;
}

const AGENT_ID = 'edge-chaos';
/** Longest wait for a byte of the traffic that does not come. */
const BYTES_TIMEOUT_MS = 1_500;
/** Longest wait before a blow for something to be shipped in this life: otherwise some lives would never ship. */
const LOAD_TIMEOUT_MS = 2_500;
const DRAIN_MS = 120_000;
/** What would come twice has time to come. */
const AFTERMATH_MS = 2_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const [listener = 0, proxied = 0] = await freePorts(2);
  const behindProxy = { name: 'PROXIED', protocol: 'PLAINTEXT', port: listener, advertised: proxied } as const;
  const bed = await Bed.start({ kafka: { listeners: [behindProxy] } });
  const proxy = await TcpProxy.start(listener, proxied);
  try {
    return await new ChaosRun(bed, proxy, options).run();
  } finally {
    await proxy.stop();
    await bed.stop();
  }
}

class ChaosRun {
  private readonly dataDir: string;
  private readonly counts = { agent: 0, broker: 0, cut: 0, stall: 0, latency: 0 };
  private killedUnderLoad = 0;
  /** The broker's restart, and trouble on the line that ends by itself. */
  private broker: Promise<void> = Promise.resolve();
  private line: Promise<void> = Promise.resolve();
  private agent: AgentProcess | undefined;

  constructor(
    private readonly bed: Bed,
    private readonly proxy: TcpProxy,
    private readonly options: ChaosOptions,
  ) {
    this.dataDir = mkdtempSync(join(bed.stack.dataDir, 'agent-'));
  }

  async run(): Promise<ChaosResult> {
    const [port = 0] = await freePorts(1);
    const plant = new Plant({ host: '127.0.0.1', port, dataDir: join(this.bed.stack.dataDir, 'plant') });
    await plant.start();
    const projector = await KeptProjector.start(this.bed, this.options.report ?? (() => undefined));
    const agent = (this.agent = this.newAgent(port));
    const started = performance.now();
    try {
      await agent.launch();
      await eventually('the first transaction', () => this.shipped(0), DRAIN_MS);
      const fired = performance.now();
      for (const [n, blow] of this.options.blows.entries()) await this.strike(n, blow, agent);
      const blows_s = (performance.now() - fired) / 1_000;
      await Promise.all([this.broker, this.line]);
      await agent.stop();
      return await this.verdict(agent, blows_s, started);
    } finally {
      await agent.kill();
      await projector.stop();
      await plant.stop();
      rmSync(this.dataDir, { recursive: true, force: true });
    }
  }

  private newAgent(plantPort: number): AgentProcess {
    mkdirSync(this.dataDir, { recursive: true });
    const profile = join(this.dataDir, 'profile.yaml');
    writeFileSync(profile, stringify(fastProfile(this.options.load)));
    return new AgentProcess({
      ...{ profile, dataDir: this.dataDir, logFile: join(this.bed.stack.dataDir, 'logs', 'agent.log') },
      env: {
        KAFKA_BROKERS: `127.0.0.1:${this.proxy.port}`,
        SCHEMA_REGISTRY_URL: this.bed.stack.env['SCHEMA_REGISTRY_URL'] ?? '',
        PLANT_PORT: String(plantPort),
      },
    });
  }

  private async strike(n: number, blow: Blow, agent: AgentProcess): Promise<void> {
    const loaded = await this.underLoad(blow);
    const moment = blow.kind === 'cut' ? this.cutAt(blow.at) : this.until(blow.at);
    await moment;
    this.counts[blow.kind]++;
    this.options.report?.(
      `${n + 1}/${this.options.blows.length} ${JSON.stringify(blow)}${loaded ? ', under load' : ''}`,
    );
    switch (blow.kind) {
      case 'agent':
        if (loaded) this.killedUnderLoad++;
        await agent.kill();
        await sleep(blow.down_ms);
        return agent.launch();
      case 'broker':
        await this.broker;
        await this.bed.stack.kill('kafka');
        this.broker = sleep(blow.down_ms).then(() => this.bed.stack.restart('kafka'));
        // Looked at where it is awaited.
        this.broker.catch(() => undefined);
        return;
      case 'cut':
        return;
      default:
        await this.line;
        this.line = this.trouble(blow);
    }
  }

  /** Two blows in three wait for a life that ships; the others fall into a start or an outage. */
  private async underLoad(blow: Blow): Promise<boolean> {
    if (blow.at.pause_ms % 3 === 0) return false;
    return eventually('load', () => this.shipped(1), LOAD_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
  }

  private async shipped(least: number): Promise<boolean> {
    const status = await this.agent?.status();
    return status !== undefined && status.shipper.transactions > least;
  }

  private async until({ pause_ms, bytes }: Moment): Promise<void> {
    await sleep(pause_ms);
    if (bytes > 0) await this.proxy.afterBytes(bytes, BYTES_TIMEOUT_MS);
  }

  private async cutAt({ pause_ms, bytes }: Moment): Promise<void> {
    await sleep(pause_ms);
    await this.proxy.cutAfter(Math.max(1, bytes), BYTES_TIMEOUT_MS);
  }

  private async trouble(blow: Blow & { kind: 'stall' | 'latency' }): Promise<void> {
    const { proxy } = this;
    if (blow.kind === 'latency') proxy.latency_ms = blow.each_ms;
    else proxy.stall();
    await sleep(blow.for_ms);
    proxy.latency_ms = 0;
    if (blow.kind === 'stall' && blow.cut) proxy.cut();
    proxy.resume();
  }

  private async verdict(agent: AgentProcess, blows_s: number, started: number): Promise<ChaosResult> {
    const { bed, counts } = this;
    const config: StreamConfig = streamConfig(bed.stack.env, 'chaos');
    const contents = await outboxContents(this.dataDir);
    const readings = accepted(contents);
    this.options.report?.(`draining; ${readings} readings were accepted`);
    await drain(this.dataDir, AGENT_ID, config);
    const inSql = async (): Promise<boolean> =>
      Number(await bed.one('SELECT count() FROM millrace.readings_raw')) >= readings;
    await eventually('all readings in SQL', inSql, DRAIN_MS).catch((e: unknown) => this.options.report?.(String(e)));
    await sleep(AFTERMATH_MS);
    const verdict = await judge(bed, createKafka(config, { warn: () => undefined }), contents);
    const kills = counts.agent + counts.broker;
    return {
      ...verdict,
      faults: [...verdict.faults, ...agent.unexpected],
      blows: counts,
      killed_under_load: this.killedUnderLoad,
      lives: agent.lives,
      agent_cpu_s: Math.round(agent.cpu_s * 10) / 10,
      seconds: {
        blows: Math.round(blows_s),
        each_kill: Math.round((10 * blows_s) / Math.max(1, kills)) / 10,
        whole: Math.round((performance.now() - started) / 1_000),
      },
    };
  }
}
