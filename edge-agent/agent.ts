/** The parts of a working agent, put together, started and stopped in order. */
import { join } from 'node:path';
import { type Logger } from 'pino';
import { type Registry } from 'prom-client';
import { type StreamConfig } from '../schemas/stream';
import { NO_TRACING, type Tracing } from '../schemas/tracing/from-env';
import { type AdapterDeps } from './adapters';
import { diffPlans } from './core/compile/diff';
import { type AgentPlan } from './core/compile/plan';
import { type Reading } from './core/reading';
import { type Disk, openDisk } from './disk';
import { controlMetrics, fieldMetrics } from './field-metrics';
import { type Clock } from './io/clock';
import { ClockOffsetProbe } from './io/clock-offset';
import { type CommandLedger } from './io/commands/command-ledger';
import { CommandExecutor } from './io/commands/executor';
import { CommandTraces } from './io/commands/traces';
import { LocalControl } from './io/control/control';
import { type ControlState, StateFile } from './io/control/state-file';
import { DeviceStates } from './io/device-states';
import { type Inbox } from './io/inbox';
import { durableMetrics } from './io/metrics';
import { type OutboxEvent } from './io/outbox/disposal';
import { type DiskOutbox } from './io/outbox/outbox';
import { type Shipper } from './io/shipper/shipper';
import { Pipeline } from './pipeline';
import { Lines } from './lines';
import { type ProfileKeeper, type ProfileStatus } from './profile-keeper';
import { updateOrders } from './update-orders';
import { type Updates, type UpdatesOptions } from './io/update/updates';
import { publishChangedPoints } from './published-points';
import { type StreamParts, streamParts } from './stream-parts';
import { vitalMetrics } from './vital-metrics';

export interface AgentOptions {
  /** To start with. */
  readonly plan: AgentPlan;
  /** Absent: the plan stays as it is. */
  readonly profile?: Pick<ProfileKeeper, 'status' | 'connect' | 'desire'>;
  readonly dataDir: string;
  /** Absent: orders to install images are refused. */
  readonly updates?: (told: UpdatesOptions['onInstalled']) => Updates;
  /** Absent: readings are stored and not shipped, and no commands come. */
  readonly stream: StreamConfig | undefined;
  readonly replicationFactor: number;
  /** Unique to this start. */
  readonly boot: string;
  readonly deps: AdapterDeps & { readonly clock: Clock };
  /** Absent: nothing is traced. */
  readonly tracing?: Pick<Tracing, 'tracer' | 'framesPerMillion'>;
  readonly log: Logger;
  readonly metrics: Registry;
  newId(): string;
}

/** Longest wait at the end for what is durable to be shipped, ms: so that a stop is known at once when there is a network. */
const LAST_WORDS_MS = 2_000;
/** Longest wait for a command under way; one cut short is settled from the ledger at the next start, ms. */
const COMMANDS_END_MS = 5_000;
/** Longest wait for connections to the stream to end, ms. */
const NETWORK_END_MS = 3_000;

export class Agent {
  private readonly outbox: DiskOutbox;
  private readonly pipeline: Pipeline;
  private readonly lines: Lines;
  private plan: AgentPlan;
  private readonly executor: CommandExecutor;
  private readonly states: DeviceStates;
  private control: LocalControl;
  /** Absent: no brokers are configured. */
  private readonly parts: StreamParts | undefined;
  private readonly shipper: Shipper | undefined;
  private readonly inbox: Inbox | undefined;
  private readonly clockProbe: ClockOffsetProbe | undefined;

  private constructor(
    private readonly options: AgentOptions,
    { outbox, ledger, control }: Disk,
    private readonly traces: CommandTraces,
  ) {
    this.outbox = outbox;
    const { plan, deps, log, metrics, boot, stream } = options;
    this.plan = plan;
    this.pipeline = new Pipeline(plan, outbox, deps.clock, boot, (err) => log.error({ err }, 'the outbox refuses'));
    const lasting = { ...deps, dataDir: options.dataDir, receipts: () => outbox.receipts() };
    this.lines = new Lines(plan, lasting, (connection) => this.pipeline.sink(connection));
    this.states = new DeviceStates(this.file('devices.json'), plan.tenant, (devices) => this.exclude(devices));
    this.control = this.createControl(control);
    this.parts = stream && this.createStreamParts(stream);
    this.shipper = this.parts?.shipper;
    this.inbox = this.parts?.inbox;
    this.executor = this.createExecutor(ledger);
    this.pipeline.whenHeard((device) => this.executor.wake(device));
    fieldMetrics(metrics, () => this.lines.all(), this.pipeline);
    controlMetrics(metrics, () => this.control);
    this.clockProbe = stream && new ClockOffsetProbe(stream, deps.clock);
    vitalMetrics(metrics, {
      dataDir: options.dataDir,
      clockOffset: () => this.clockProbe?.latest,
      profile: () => options.profile?.status,
    });
  }

  /** Opens what is on disk. Throws OutboxError, such as `locked` when another process has it. */
  static async open(options: AgentOptions): Promise<Agent> {
    const { plan, deps, dataDir, log, metrics } = options;
    // What the outbox finds while it is opened is counted once there is something to count with.
    const early: OutboxEvent[] = [];
    let count = (event: OutboxEvent): void => void early.push(event);
    const traces = new CommandTraces((options.tracing ?? NO_TRACING).tracer, plan.tenant);
    const disk = await openDisk({
      ...{ plan, dataDir, log, clock: deps.clock, newId: () => options.newId() },
      onOutbox: (event) => count(event),
      onLedger: (event) => traces.observe(event),
    });
    const agent = new Agent(options, disk, traces);
    const { outbox, ledger } = disk;
    const { shipper, inbox } = agent;
    count = durableMetrics(metrics, { outbox, shipper, inbox, ledger, clock: deps.clock });
    early.forEach(count);
    return agent;
  }

  /** Polls and ships from now on. What was refused by the platform before stays refused, network or not. */
  async start(): Promise<void> {
    const { plan, log } = this.options;
    await this.states.load();
    this.pipeline.start();
    this.publishPoints();
    this.control.start();
    this.lines.start(plan);
    this.executor.start();
    this.shipper?.start();
    this.inbox?.start();
    this.clockProbe?.start();
    log.info({ devices: plan.devices.size, connections: this.lines.all().length }, 'polling');
    this.options.profile?.connect({
      apply: (next) => this.reconfigure(next),
      tell: (status) => this.tellProfile(status),
    });
  }

  /** Takes over another plan of this agent without a restart: connections and devices that stay the same are not touched. */
  private async reconfigure(plan: AgentPlan): Promise<void> {
    const before = this.plan;
    const diff = diffPlans(before, plan);
    await this.lines.end(diff);
    this.plan = plan;
    this.pipeline.reconfigure(plan, diff.changed);
    this.lines.begin(diff);
    if (diff.control) await this.replaceControl(before);
    else this.control.adopt(plan);
    this.publishPoints();
    const [begun, altered] = [diff.begun, diff.altered].map((list) => list.map((c) => c.name));
    const { ended, changed, control } = diff;
    this.options.log.info({ ended, begun, altered, changed: changed.size, control }, 'another profile is in force');
  }

  /** Rules, fences or positions changed: what was on, latched or active goes on from where it was, as over a restart. */
  private async replaceControl(before: AgentPlan): Promise<void> {
    await this.control.close();
    for (const rule of before.rules) this.pipeline.reportRaw(rule.device, rule.id, rule.report, false);
    this.control = this.createControl(await new StateFile(this.file('control.json')).load());
    this.control.exclude(this.states.excluded());
    this.control.start();
  }

  /** What the agent says of its profile: in the log, and as readings of its own name. */
  private tellProfile({ source, version, refusal }: ProfileStatus): void {
    const { deps, log } = this.options;
    if (refusal !== '') log.error({ refusal }, 'a profile is refused; the last good one stays in force');
    const reading = (value: number | string): Reading => ({ at: deps.clock.now(), value, quality: 0 });
    const said = { profile_version: version, profile_source: source, profile_refusal: refusal };
    this.pipeline.tellOfAgent(new Map(Object.entries(said).map(([metric, value]) => [metric, reading(value)])));
  }

  /** Not awaited: a disk that refuses must not keep the agent from its field. */
  private publishPoints(): void {
    const { deps, log } = this.options;
    publishChangedPoints(this.plan, this.pipeline, this.file('points.json'), deps.clock.now()).catch((err: unknown) =>
      log.error({ err }, 'points could not be published'),
    );
  }

  /** Takes no more commands, makes everything durable, ships what it can at once. Never waits long for the network. */
  async stop(reason: string): Promise<void> {
    const network = [this.inbox?.stop()];
    this.clockProbe?.stop();
    await this.atMost(Promise.all([this.executor.close(), this.control.close()]), COMMANDS_END_MS);
    await this.lines.close();
    await this.pipeline.close(reason);
    const { shipper } = this;
    if (shipper?.works)
      await this.atMost(shipper.whenShipped('priority', this.outbox.status('priority').next), LAST_WORDS_MS);
    await this.atMost(Promise.all([...network, shipper?.stop(), this.parts?.direct.close()]), NETWORK_END_MS);
    await this.outbox.close();
  }

  /** Why the agent cannot do its work; undefined when it can. A broker that is away is no reason. */
  notReady(): string | undefined {
    if (this.pipeline.durable.refusal !== undefined)
      return `the outbox refuses: ${String(this.pipeline.durable.refusal)}`;
    return this.shipper?.status.state === 'fenced' ? 'another copy of this agent is shipping' : undefined;
  }

  status(): object {
    return {
      agent_id: this.plan.agent_id,
      tenant: this.plan.tenant,
      connections: this.lines.all().map((a) => a.status()),
      profile: this.options.profile?.status,
      clock: this.clockProbe?.latest ?? 'not measured yet',
      pipeline: { ...this.pipeline.stats, unsynced: this.pipeline.durable.unsynced },
      control: this.control.status(),
      outbox: { telemetry: this.outbox.status('telemetry'), priority: this.outbox.status('priority') },
      shipper: this.shipper?.status ?? 'no brokers are configured',
      inbox: this.inbox?.status ?? 'no brokers are configured',
    };
  }

  private exclude(devices: ReadonlySet<string>): void {
    this.lines.exclude(devices);
    this.control.exclude(devices);
  }

  private createControl(state: ControlState): LocalControl {
    const { boot, deps, log } = this.options;
    const { plan } = this;
    const control = new LocalControl({
      ...{ plan, boot, clock: deps.clock, state, file: new StateFile(this.file('control.json')), log },
      field: (connection) => this.lines.get(connection),
      report: (device, metric, reading) => this.pipeline.report(device, metric, reading),
      reporting: (rule, on) => this.pipeline.reportRaw(rule.device, rule.id, rule.report, on),
      submit: (records, done) => this.pipeline.durable.submit(records, done),
    });
    this.pipeline.watch(control);
    return control;
  }

  private createExecutor(ledger: CommandLedger): CommandExecutor {
    const { plan, deps, log } = this.options;
    return new CommandExecutor({
      agentId: plan.agent_id,
      ledger,
      outbox: this.outbox,
      direct: this.parts?.direct,
      clock: deps.clock,
      device: (id) => {
        const device = this.plan.devices.get(id);
        const field = device && this.lines.get(device.connection);
        return device && field && { plan: device, field };
      },
      refused: (id) => this.states.refused(id),
      awake: (id) => this.pipeline.isConnected(id),
      update: updateOrders(this.options, () => this.plan, this.pipeline),
      interlocked: (device, command) => this.control.refusal(device, command),
      local: (command) => this.control.order(command),
      flush: (device) => this.flush(device),
      traces: this.traces,
      onError: (err) => log.error({ err }, 'command'),
    });
  }

  private async flush(device: string): Promise<number> {
    await this.pipeline.flush(device);
    const seq = this.outbox.lastSeq(device);
    await this.shipper?.whenShipped('telemetry', this.outbox.status('telemetry').next);
    return seq;
  }

  private createStreamParts(stream: StreamConfig): StreamParts {
    return streamParts({
      ...{ ...this.options, stream, outbox: this.outbox, traces: this.traces, states: this.states },
      file: (name) => this.file(name),
      deliver: (commands) => this.executor.deliver(commands),
      forgotten: () => this.executor.tellEverything(),
    });
  }

  private async atMost(work: Promise<unknown>, ms: number): Promise<void> {
    await Promise.race([work, this.options.deps.clock.sleep(ms)]);
  }

  private file(name: string): string {
    return join(this.options.dataDir, name);
  }
}
