/** Devices that post their readings. 2xx goes out when the readings are durable, and the same numbers again are not taken twice. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Server } from 'node:http';
import { AdapterError, type AdapterSink, type FieldAdapter, type Sample, type WriteRequest } from '../../adapter';
import { backoff_ms } from '../../core/backoff';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { findPoint, HeardDevices } from '../../wire/heard';
import { Intake, MAX_WAITING_BATCHES } from '../../wire/intake';
import { PayloadError } from '../../wire/payload';
import { SequenceFile } from '../../wire/sequence-file';
import { Strangers } from '../../wire/strangers';
import { secretOf } from '../../wire/tls';
import { decodeBody, type Entry, formatOf } from './codec';
import { Bucket, PostedDevice } from './plan';
import { type Answer, type Call, createServer, problem, type Service } from './server';
import { type HttpConnectionSettings, type HttpDeviceSettings } from './settings';

export interface HttpDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** File that remembers sequence numbers; absent: only while the process lives. */
  readonly sequences?: string;
}

interface Device {
  readonly posted: PostedDevice;
  /** Digest; absent when its file cannot be read: nobody is let in then. */
  readonly token: Buffer | undefined;
  readonly bucket: Bucket;
  /** Sequence numbers whose readings are on their way to the disk. */
  readonly underWay: Map<number, Promise<void>>;
}

const TICK_MS = 100;
const RETRY_S = 1;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const NAMES = [
  'requests',
  'entries',
  'repeated',
  'unauthorized',
  'excluded',
  'limited',
  'malformed',
  'too_old',
  'unknown_metric',
] as const;

export class HttpAdapter implements FieldAdapter, Service {
  private readonly settings: HttpConnectionSettings;
  private readonly counts: Record<string, number> = Object.fromEntries(NAMES.map((name) => [name, 0]));
  private readonly heard: HeardDevices;
  private readonly strangers = new Strangers();
  private readonly sequences: SequenceFile;
  private devices: ReadonlyMap<string, Device> = new Map();
  private plans: ReadonlyMap<string, DevicePlan> = new Map();
  private sink: AdapterSink | undefined;
  private intake: Intake | undefined;
  private server: Server | undefined;
  private timers: NodeJS.Timeout[] = [];
  private attempt = 0;
  private closed = false;
  private lastError = '';

  constructor(
    private readonly connection: ConnectionPlan,
    private readonly deps: HttpDeps,
  ) {
    this.settings = connection.settings as HttpConnectionSettings;
    this.sequences = new SequenceFile(deps.sequences);
    this.heard = new HeardDevices(
      (device) => (device.settings as HttpDeviceSettings).silence_ms,
      (event) => this.sink?.link(event),
    );
    this.adopt(connection, new Set());
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.intake = new Intake(sink, () => undefined);
    this.timers.push(setInterval(() => this.tick(), TICK_MS));
    this.listen();
  }

  write({ device, metric }: WriteRequest): Promise<void> {
    const hint = 'devices that post take no commands';
    return Promise.reject(new AdapterError('not-writable', 'write', `${device}/${metric}`, hint));
  }

  async read(id: string, metric: string, timeout_ms: number): Promise<Sample> {
    if (this.heard.isExcluded(id)) throw new AdapterError('not-writable', 'read', `${id} is excluded`);
    findPoint('read', this.plans.get(id), metric, id);
    if (this.server?.listening !== true) throw new AdapterError('not-connected', 'read', this.lastError || 'closed');
    return this.heard.read(id, metric, timeout_ms);
  }

  exclude(devices: ReadonlySet<string>): void {
    this.heard.exclude(devices, this.deps.clock.now());
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.strangers.forget();
    this.adopt(connection, changed);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.intake?.close();
    this.heard.refuse(new AdapterError('closed', 'close', 'the agent is stopping'));
    const { server } = this;
    if (server?.listening !== true) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  status(): AdapterStatus {
    return {
      connection: this.connection.name,
      connected: this.server?.listening ?? false,
      last_error: this.lastError,
      counters: { ...this.counts, waiting: this.intake?.size ?? 0 },
      devices: this.heard.status(),
      strangers: this.strangers.list(),
    };
  }

  /** Unknown devices and wrong tokens get the same answer: nobody learns which devices there are. */
  admit({ address, token }: Call): Answer | undefined {
    this.count('requests');
    const device = this.devices.get(address);
    const known = device?.token !== undefined && token !== '' && timingSafeEqual(digest(token), device.token);
    if (!device || !known) {
      this.count('unauthorized');
      if (!device) this.strangers.met(address);
      return problem(401, 'the token of the device, as Authorization: Bearer', { 'www-authenticate': 'Bearer' });
    }
    if (this.heard.isExcluded(device.posted.plan.id)) {
      this.count('excluded');
      return problem(403, 'the device is suspended or decommissioned');
    }
    const full = (this.intake?.size ?? 0) >= MAX_WAITING_BATCHES;
    if (!full && device.bucket.take(this.deps.clock.monotonic())) return undefined;
    this.count('limited');
    return problem(full ? 503 : 429, full ? 'the agent has no room now' : 'too many requests', {
      'retry-after': String(RETRY_S),
    });
  }

  async take({ address, contentType }: Call, body: Buffer): Promise<Answer> {
    const device = this.devices.get(address);
    const format = formatOf(contentType);
    if (!device) return problem(404, 'the device is not in the profile any more');
    if (!format) return problem(415, 'application/json or application/x-ndjson');
    let entries: Entry[];
    try {
      entries = decodeBody(format, body);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.count('malformed');
      this.heard.error(device.posted.plan.id, error.message);
      return problem(400, error.message);
    }
    return this.enter(device, entries);
  }

  private async enter({ posted, underWay }: Device, entries: readonly Entry[]): Promise<Answer> {
    const { id } = posted.plan;
    const sequence = this.sequences.of(id);
    const old = entries.find((e) => e.seq !== undefined && sequence.judge(e.seq) === 'too-old');
    if (old) {
      this.count('too_old');
      return problem(409, `seq ${old.seq} is too old to tell whether it was taken: nothing of the request was`);
    }
    const fresh: Entry[] = [];
    const others: Promise<void>[] = [];
    const mine = new Set<number>();
    for (const entry of entries) {
      const { seq } = entry;
      const before = seq === undefined ? undefined : underWay.get(seq);
      if (before) others.push(before);
      else if (seq === undefined || (!mine.has(seq) && sequence.judge(seq) === 'new')) fresh.push(entry);
      if (seq !== undefined && !before) mine.add(seq);
    }
    const taken = fresh.length > 0 ? this.hand(posted, fresh) : Promise.resolve();
    const numbers = fresh.flatMap((e) => (e.seq === undefined ? [] : [e.seq]));
    const done = taken.then(() => {
      for (const seq of numbers) sequence.add(seq);
      return numbers.length > 0 ? this.sequences.flush() : undefined;
    });
    for (const seq of numbers) underWay.set(seq, done);
    try {
      await Promise.all([done, ...others]);
    } finally {
      for (const seq of numbers) underWay.delete(seq);
    }
    const again = entries.length - fresh.length;
    this.counts['entries'] = (this.counts['entries'] ?? 0) + fresh.length;
    this.counts['repeated'] = (this.counts['repeated'] ?? 0) + again;
    return { status: 200, body: { taken: fresh.length, again } };
  }

  /** Resolves when the readings are durable. */
  private hand(posted: PostedDevice, entries: readonly Entry[]): Promise<void> {
    const now = this.deps.clock.now();
    const samples = entries.flatMap((entry) => posted.samples(entry, now));
    this.heard.heard(posted.plan.id, samples, this.deps.clock.monotonic(), now);
    if (samples.length === 0) this.count('unknown_metric');
    if (samples.length === 0 || !this.intake) return Promise.resolve();
    return new Promise((resolve) => this.intake?.push({ samples, ack: resolve }));
  }

  private adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    const { rate_per_s, burst, time_unit } = this.settings;
    const before = new Map([...this.devices.values()].map((d) => [d.posted.plan.id, d] as const));
    this.devices = new Map(
      connection.devices.map((plan) => {
        const { address, token, token_file } = plan.settings as HttpDeviceSettings;
        const secret = token_file === undefined ? token : this.secret(token_file);
        const underWay = before.get(plan.id)?.underWay ?? new Map<number, Promise<void>>();
        const bucket = before.get(plan.id)?.bucket ?? new Bucket(rate_per_s, burst);
        return [
          address,
          { posted: new PostedDevice(plan, time_unit), token: secret ? digest(secret) : undefined, bucket, underWay },
        ] as const;
      }),
    );
    this.plans = new Map(connection.devices.map((d) => [d.id, d]));
    this.heard.adopt(connection.devices, changed, this.deps.clock.monotonic());
  }

  /** One file that is missing must not keep the other devices out. */
  private secret(file: string): string | undefined {
    try {
      return secretOf(file);
    } catch (error) {
      this.lastError = (error as Error).message;
      return undefined;
    }
  }

  private listen(): void {
    if (this.closed) return;
    const { host, port, backoff } = this.settings;
    this.tellLink('connecting');
    try {
      const server = createServer(this.settings, this);
      this.server = server;
      server.once('error', (error) => this.failed(error, backoff));
      server.listen(port, host, () => {
        if (this.closed) return void server.close();
        this.attempt = 0;
        this.tellLink('connected');
      });
    } catch (error) {
      this.failed(error as Error, backoff);
    }
  }

  private failed(error: Error, backoff: HttpConnectionSettings['backoff']): void {
    this.lastError = error.message;
    this.tellLink('disconnected', error.message);
    const wait_ms = backoff_ms(++this.attempt, backoff, this.deps.random());
    this.timers.push(setTimeout(() => this.listen(), wait_ms));
    this.timers = this.timers.slice(0, 1).concat(this.timers.slice(-1));
  }

  private tick(): void {
    const { clock } = this.deps;
    const bad = this.heard.silences(clock.monotonic(), clock.now());
    if (bad.length > 0) this.intake?.push({ samples: bad, ack: () => undefined });
  }

  private count(name: (typeof NAMES)[number]): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }
}
