/** The agent as client of devices: resources observed where the device can, asked again and again where it cannot, and written. */
import { AdapterError, type AdapterErrorCode, type FieldValue, type Sample } from '../../adapter';
import { backoff_ms } from '../../core/backoff';
import { type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { blockOf, blockOption, MAX_SZX } from './blocks';
import { CODE, CoapError, codeText, isSuccess, type Message, OPTION, uint, uintOf, uriOptions } from './codec';
import { type CoapEndpoint, type Peer, RequestError, type RequestErrorKind } from './endpoint';
import { bodyOf, isNewer, sampleOf } from './plan';
import { type CoapConnectionSettings, type CoapSource } from './settings';

export interface ResourceHost {
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: () => number;
  /** Undefined: nobody knows where the device is. */
  peerOf(device: DevicePlan): Peer | undefined;
  /** False: the agent has no room. */
  hasRoom(): boolean;
  /** Resolves when they are durable. */
  said(device: DevicePlan, samples: readonly Sample[]): Promise<void>;
  missed(device: DevicePlan, samples: readonly Sample[], reason: string): void;
}

interface Watch {
  device: DevicePlan;
  point: PointPlan;
  timer: NodeJS.Timeout | undefined;
  token: string | undefined;
  attempt: number;
  newest: { seq: number; at_ms: number } | undefined;
}

const CODES: Readonly<Record<RequestErrorKind, AdapterErrorCode>> = {
  timeout: 'timeout',
  closed: 'closed',
  reset: 'device-exception',
  full: 'not-connected',
};
/** RFC 7252, 5.10.5: how long an answer is fresh unless it says so, s; and how much later it is asked for again. */
const MAX_AGE_S = 60;
const AGE_MARGIN_MS = 5_000;

export class Resources {
  private watches: readonly Watch[] = [];

  constructor(
    private readonly endpoint: CoapEndpoint,
    private readonly settings: CoapConnectionSettings,
    private readonly host: ResourceHost,
  ) {}

  /** The devices whose resources are watched from now on; those that were and are not `changed` go on undisturbed. */
  watch(devices: readonly DevicePlan[], changed: ReadonlySet<string>): void {
    const before = new Map(this.watches.map((w) => [nameOf(w.device, w.point), w]));
    const fresh: Watch[] = [];
    this.watches = devices.flatMap((device) =>
      device.points.flatMap((point): Watch[] => {
        if ((point.source as CoapSource).resource === undefined) return [];
        const watch = changed.has(device.id) ? undefined : before.get(nameOf(device, point));
        if (watch) return [Object.assign(watch, { device, point })];
        fresh.push({ device, point, timer: undefined, token: undefined, attempt: 0, newest: undefined });
        return fresh.slice(-1);
      }),
    );
    for (const watch of before.values()) if (!this.watches.includes(watch)) this.end(watch);
    for (const watch of fresh) this.later(watch, 0);
  }

  async read(device: DevicePlan, point: PointPlan, timeout_ms: number): Promise<Sample> {
    const message = await this.get(device, point, timeout_ms).answer;
    return this.sample(device, point, await this.whole(device, point, message));
  }

  async write(device: DevicePlan, point: PointPlan, value: FieldValue, timeout_ms: number): Promise<void> {
    const source = point.source as CoapSource;
    const { format, body } = bodyOf(source, value);
    const options = [...uriOptions(source.resource ?? ''), uint(OPTION.contentFormat, format)];
    const request = { code: CODE.put, options, payload: body, timeout_ms };
    const name = nameOf(device, point);
    const { code, payload } = await this.endpoint
      .request(this.peer(device, 'write', name), request)
      .answer.catch((error: unknown) => Promise.reject(adapterError('write', name, error)));
    if (!isSuccess(code))
      throw new AdapterError('device-exception', 'write', `${name}: ${codeText(code)} ${textOf(payload)}`.trimEnd());
  }

  close(): void {
    this.watch([], new Set());
  }

  private later(watch: Watch, after_ms: number): void {
    clearTimeout(watch.timer);
    watch.timer = setTimeout(() => void this.ask(watch), after_ms);
  }

  private end(watch: Watch): void {
    clearTimeout(watch.timer);
    if (watch.token !== undefined) this.endpoint.forget(watch.token);
    watch.token = undefined;
  }

  private async ask(watch: Watch): Promise<void> {
    const { device, point } = watch;
    const { scan_ms } = point;
    this.end(watch);
    // Where a device is that only posts is known when it has posted.
    if (!this.host.hasRoom() || !this.host.peerOf(device)) return this.later(watch, scan_ms);
    try {
      const { observe } = point.source as CoapSource;
      const notify = (message: Message, ack: () => void): void => this.notified(watch, message, ack);
      const lost = (): void => this.failed(watch, new RequestError('closed', 'the connection was lost'));
      const { token, answer } = this.get(device, point, this.settings.timeout_ms, observe ? notify : undefined, lost);
      watch.token = observe ? token : undefined;
      const message = await answer;
      const sample = this.sample(device, point, await this.whole(device, point, message));
      if (!this.watches.includes(watch)) return;
      watch.attempt = 0;
      this.next(watch, message);
      await this.host.said(device, [sample]);
    } catch (error) {
      this.failed(watch, error);
    }
  }

  private notified(watch: Watch, message: Message, ack: () => void): void {
    const { device, point } = watch;
    const seq = uintOf(message, OPTION.observe);
    const at_ms = this.host.monotonic();
    if (seq !== undefined && !isNewer(seq, at_ms, watch.newest)) return ack();
    this.whole(device, point, message)
      .then((whole) => {
        const sample = this.sample(device, point, whole);
        this.next(watch, message);
        return this.host.said(device, [sample]);
      })
      .then(ack, (error: unknown) => this.failed(watch, error));
  }

  /** When it is asked for next: at its scan, or when an observation should have said something for long. */
  private next(watch: Watch, message: Message): void {
    const seq = uintOf(message, OPTION.observe);
    if (!this.watches.includes(watch)) return;
    if (seq === undefined || watch.token === undefined) return this.later(watch, watch.point.scan_ms);
    watch.newest = { seq, at_ms: this.host.monotonic() };
    this.later(watch, (uintOf(message, OPTION.maxAge) ?? MAX_AGE_S) * 1_000 + AGE_MARGIN_MS);
  }

  private failed(watch: Watch, error: unknown): void {
    if (!this.watches.includes(watch)) return;
    const known = error instanceof AdapterError || error instanceof RequestError || error instanceof CoapError;
    if (!known) throw error;
    const { device, point } = watch;
    const silent = error instanceof RequestError && error.kind === 'timeout';
    const quality = silent ? Quality.timeout : Quality.bad;
    const bad = { device: device.id, metric: point.metric, at: this.host.now(), quality };
    this.host.missed(device, [bad], `${point.metric}: ${error.message}`);
    this.later(watch, Math.max(point.scan_ms, backoff_ms(++watch.attempt, this.settings.backoff, this.host.random())));
  }

  private get(
    device: DevicePlan,
    point: PointPlan,
    timeout_ms: number,
    notify?: (message: Message, ack: () => void) => void,
    lost: () => void = () => undefined,
  ): { token: string; answer: Promise<Message> } {
    const name = nameOf(device, point);
    const path = uriOptions((point.source as CoapSource).resource ?? '');
    const options = notify ? [...path, uint(OPTION.observe, 0)] : path;
    const request = { code: CODE.get, options, timeout_ms, ...(notify && { notify, lost }) };
    const { token, answer } = this.endpoint.request(this.peer(device, 'read', name), request);
    return { token, answer: answer.catch((e: unknown) => Promise.reject(notify ? e : adapterError('read', name, e))) };
  }

  /** The blocks that follow the first, which is all there is of most answers. Throws AdapterError when it is no success. */
  private async whole(device: DevicePlan, point: PointPlan, first: Message): Promise<Message> {
    const name = nameOf(device, point);
    const parts = [first.payload];
    let bytes = first.payload.length;
    for (let message = first; ;) {
      if (!isSuccess(message.code))
        throw new AdapterError('device-exception', 'read', `${name}: ${codeText(message.code)}`);
      const block = blockOf(message, OPTION.block2);
      if (!block?.more) return { ...first, payload: Buffer.concat(parts) };
      const path = uriOptions((point.source as CoapSource).resource ?? '');
      const next = { num: block.num + 1, more: false, szx: Math.min(block.szx, MAX_SZX) };
      const options = [...path, blockOption(OPTION.block2, next)];
      const { timeout_ms, max_body_bytes } = this.settings;
      message = await this.endpoint.request(this.peer(device, 'read', name), { code: CODE.get, options, timeout_ms })
        .answer;
      bytes += message.payload.length;
      if (bytes > max_body_bytes)
        throw new AdapterError('bad-response', 'read', `${name}: more than ${max_body_bytes} bytes`);
      parts.push(message.payload);
    }
  }

  private sample(device: DevicePlan, point: PointPlan, message: Message): Sample {
    return sampleOf(device, point, uintOf(message, OPTION.contentFormat), message.payload, this.host.now());
  }

  private peer(device: DevicePlan, operation: string, name: string): Peer {
    const peer = this.host.peerOf(device);
    if (peer) return peer;
    const hint = 'give coap.host, or wait until the device posts';
    throw new AdapterError('not-connected', operation, `${name}: nobody knows where the device is`, hint);
  }
}

const nameOf = ({ id }: DevicePlan, { metric }: PointPlan): string => `${id}/${metric}`;

const textOf = (payload: Buffer): string => payload.subarray(0, 200).toString('utf8');

function adapterError(operation: string, name: string, error: unknown): unknown {
  if (!(error instanceof RequestError)) return error;
  return new AdapterError(CODES[error.kind], operation, `${name}: ${error.message}`, '', { cause: error });
}
