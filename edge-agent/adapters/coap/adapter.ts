/** Devices that speak CoAP over UDP, TCP or TLS: their posts are answered when they are durable; their resources are observed, asked and written. */
import { type Sample, type WriteRequest } from '../../adapter';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { checkValue } from '../../wire/heard';
import { MAX_WAITING_BATCHES } from '../../wire/intake';
import { REFUSED, type Refusal, RETRY_S, type Taken } from '../../wire/posts/desk';
import { type Attempt, ListeningAdapter, type ListeningDeps } from '../../wire/posts/listening-adapter';
import { blockOf, type Step, Transfers } from './blocks';
import {
  CODE,
  CoapError,
  type CoapOption,
  type Message,
  OPTION,
  textsOf,
  uint,
  uintOf,
  unknownCritical,
} from './codec';
import { Channels } from './channels';
import { type Answer, type CoapEndpoint, Endpoint, type EndpointHost, type Peer } from './endpoint';
import { decodePost, isEntries } from './plan';
import { Resources } from './resources';
import { type CoapConnectionSettings, type CoapDeviceSettings, type CoapSource } from './settings';

const CODES: Readonly<Record<Refusal, number>> = {
  unauthorized: CODE.unauthorized,
  excluded: CODE.forbidden,
  limited: CODE.tooMany,
  full: CODE.unavailable,
};
const REASONS = { gone: CODE.notFound, malformed: CODE.badRequest, 'too-old': CODE.conflict } as const;
const TOKEN = 'token=';
const UNDERSTOOD: ReadonlySet<number> = new Set([3, 7, OPTION.uriPath, OPTION.uriQuery, OPTION.accept, OPTION.block1]);

/** An answer that says one thing in words. */
const problem = (code: number, text: string, options: readonly CoapOption[] = []): Answer => ({
  code,
  options,
  payload: Buffer.from(text),
});

function refused(reason: Refusal): Answer {
  const later = reason === 'limited' || reason === 'full';
  return problem(CODES[reason], REFUSED[reason], later ? [uint(OPTION.maxAge, RETRY_S)] : []);
}

export class CoapAdapter extends ListeningAdapter {
  private readonly settings: CoapConnectionSettings;
  private readonly endpoint: CoapEndpoint;
  private readonly resources: Resources;
  private readonly transfers: Transfers;
  private opening: Attempt | undefined;
  private connection: ConnectionPlan;
  private excluded: ReadonlySet<string> = new Set();
  /** Where devices posted from last, by address. */
  private readonly peers = new Map<string, Peer>();

  constructor(connection: ConnectionPlan, deps: ListeningDeps) {
    const settings = connection.settings as CoapConnectionSettings;
    super(connection.name, settings, deps);
    this.settings = settings;
    this.connection = connection;
    this.transfers = new Transfers(settings.max_body_bytes);
    const { clock, random } = deps;
    const now = (): number => clock.monotonic();
    const host: EndpointHost = {
      now,
      random,
      judge: (message) => this.judge(message),
      take: (message, peer) => this.take(message, peer),
      dropped: (reason) => this.dropped(reason),
      failed: (error) => this.opening?.failed(error),
    };
    this.endpoint = settings.transport === 'udp' ? new Endpoint(host) : new Channels(host, settings);
    this.resources = new Resources(this.endpoint, settings, {
      now: () => clock.now(),
      monotonic: now,
      random,
      peerOf: (device) => this.peerOf(device),
      hasRoom: () => (this.desk.intake?.size ?? 0) < MAX_WAITING_BATCHES,
      said: (device, samples) => this.desk.hand(device.id, samples),
      missed: (device, samples, reason) => {
        this.heard.error(device.id, reason);
        this.tell(samples);
      },
    });
    this.desk.count('dropped', 0);
    this.adopt(connection, new Set());
  }

  override exclude(devices: ReadonlySet<string>): void {
    super.exclude(devices);
    this.excluded = devices;
    this.watch(new Set());
  }

  override reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    super.reconfigure(connection, changed);
    this.connection = connection;
    this.watch(changed);
  }

  protected override get listening(): boolean {
    return this.endpoint.listening;
  }

  protected override gauges(): Readonly<Record<string, number>> {
    return { transfers: this.transfers.size };
  }

  protected override listen(attempt: Attempt): void {
    const { host, port } = this.settings;
    this.opening = attempt;
    this.endpoint.open(host, port, () => {
      if (this.stopping) return void this.endpoint.close();
      attempt.opened();
      this.watch(new Set());
    });
  }

  protected override shut(): Promise<void> {
    this.resources.close();
    return this.endpoint.close();
  }

  protected override fetch(device: DevicePlan, point: PointPlan, timeout_ms: number): Promise<Sample> {
    const { resource } = point.source as CoapSource;
    return resource === undefined
      ? super.fetch(device, point, timeout_ms)
      : this.resources.read(device, point, timeout_ms);
  }

  protected override deliver(device: DevicePlan, point: PointPlan, { value, timeout_ms }: WriteRequest): Promise<void> {
    checkValue(point.kind, value, `${device.id}/${point.metric}`);
    return this.resources.write(device, point, value, timeout_ms);
  }

  private watch(changed: ReadonlySet<string>): void {
    if (!this.listening || this.stopping) return;
    const devices = this.connection.devices.filter((d) => !this.excluded.has(d.id));
    this.resources.watch(devices, changed);
  }

  private peerOf(device: DevicePlan): Peer | undefined {
    const { host, port, address } = device.settings as CoapDeviceSettings;
    return host === undefined ? this.peers.get(address) : { address: host, port, dial: true };
  }

  private dropped(reason: string): void {
    this.desk.count('dropped');
    this.desk.lastError = reason;
  }

  /** Before anything is remembered or put together: who it is, and how often. */
  private judge(message: Message): Answer | undefined {
    const critical = unknownCritical(message, UNDERSTOOD);
    if (critical !== undefined) return problem(CODE.badOption, `option ${critical} is not understood`);
    const address = addressOf(message);
    const newcomer = addressOf(message, 'claim') !== undefined;
    if (address === undefined && !newcomer) return problem(CODE.notFound, 'POST /v1/devices/<device>/readings');
    if (message.code !== CODE.post) return problem(CODE.methodNotAllowed, 'POST');
    if (address === undefined) return undefined;
    const stranger = this.desk.identify(address, tokenOf(message));
    if (stranger) return refused(stranger);
    try {
      // A body in blocks is one request.
      if ((blockOf(message, OPTION.block1)?.num ?? 0) > 0) return undefined;
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      return problem(CODE.badOption, error.message);
    }
    const refusal = this.desk.admit(address);
    return refusal && refused(refusal);
  }

  private async claim(id: string, code: string): Promise<Answer> {
    const claimed = await this.desk.claim(id, code);
    return claimed.kind === 'granted' ? problem(CODE.created, claimed.token) : refused(claimed.kind);
  }

  private async take(message: Message, peer: Peer): Promise<Answer> {
    const newcomer = addressOf(message, 'claim');
    if (newcomer !== undefined) return this.claim(newcomer, tokenOf(message));
    const address = addressOf(message) ?? '';
    this.peers.set(address, peer);
    const format = uintOf(message, OPTION.contentFormat);
    if (!isEntries(format)) return problem(CODE.unsupportedFormat, '50 JSON, 60 CBOR, 110 and 112 SenML');
    let step: Step;
    try {
      step = this.transfers.take(`${peer.address}:${peer.port}/${address}`, message, this.deps.clock.monotonic());
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      return problem(CODE.badRequest, error.message);
    }
    if (step.kind === 'answer') return step;
    const { body, options } = step;
    const outcome = await this.desk.take(address, () => decodePost(format, body, this.deps.clock.now()));
    return answerOf(outcome, options);
  }
}

const answerOf = (outcome: Taken, options: readonly CoapOption[]): Answer =>
  outcome.kind === 'taken'
    ? { code: CODE.changed, options }
    : problem(REASONS[outcome.reason], outcome.detail, options);

/** /v1/devices/<address>/readings, or what else is wanted */
function addressOf(message: Message, wanted = 'readings'): string | undefined {
  const [version, kind, address, what, ...more] = textsOf(message, OPTION.uriPath);
  return version === 'v1' && kind === 'devices' && what === wanted && more.length === 0 ? address : undefined;
}

const tokenOf = (message: Message): string =>
  textsOf(message, OPTION.uriQuery)
    .find((q) => q.startsWith(TOKEN))
    ?.slice(TOKEN.length) ?? '';
