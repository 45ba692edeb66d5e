/** Devices that speak by themselves: who was heard, who fell silent, and what each point said last. */
import { AdapterError, type FieldValue, type LinkEvent, type Sample } from '../adapter';
import { type DevicePlan } from '../core/compile/plan';
import { type DeviceStatus } from '../core/status';
import { Quality } from '../../schemas/quality';

interface State {
  readonly plan: DevicePlan;
  readonly silence_ms: number;
  up: boolean;
  /** Already told as silent since it was heard last. */
  silent: boolean;
  heard_at: number;
  last_error: string;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(sample: Sample): void;
  reject(error: AdapterError): void;
}

/** Reads that may wait for one point to speak. */
const MAX_WAITING = 64;

export class HeardDevices {
  private states: ReadonlyMap<string, State> = new Map();
  private excluded: ReadonlySet<string> = new Set();
  /** By device/metric; only while connected. A value from before a write says nothing of what holds after it. */
  private readonly latest = new Map<string, Sample>();
  private readonly waiting = new Map<string, Waiting[]>();

  constructor(
    private readonly silenceOf: (device: DevicePlan) => number,
    private readonly tell: (event: LinkEvent) => void,
  ) {}

  adopt(devices: readonly DevicePlan[], changed: ReadonlySet<string>, now: number): void {
    const stays = (id: string): State | undefined => (changed.has(id) ? undefined : this.states.get(id));
    this.states = new Map(devices.map((plan) => [plan.id, stays(plan.id) ?? this.begin(plan, now)] as const));
    for (const key of this.latest.keys()) if (!this.knows(key)) this.latest.delete(key);
  }

  exclude(devices: ReadonlySet<string>, at: number): void {
    this.excluded = new Set(devices);
    for (const id of devices) this.lose(id, at, 'excluded');
  }

  /** It was heard, and is not silent since. */
  isUp(device: string): boolean {
    return this.states.get(device)?.up ?? false;
  }

  get anyUp(): boolean {
    return [...this.states.values()].some((s) => s.up);
  }

  isExcluded(device: string): boolean {
    return this.excluded.has(device);
  }

  /** The device spoke: `now` is monotonic, `at` the clock. */
  heard(device: string, samples: readonly Sample[], now: number, at: number): void {
    const state = this.states.get(device);
    if (!state) return;
    Object.assign(state, { heard_at: now, silent: false });
    if (!state.up) {
      state.up = true;
      this.tell({ kind: 'link', device, state: 'connected', at });
    }
    for (const sample of samples) this.said(sample);
  }

  /** Bad samples of devices that fell silent just now. */
  silences(now: number, at: number): Sample[] {
    return [...this.states.values()].flatMap((state) => {
      const { plan, silence_ms, silent, heard_at } = state;
      if (silence_ms === 0 || silent || now - heard_at < silence_ms || this.excluded.has(plan.id)) return [];
      state.silent = true;
      this.lose(plan.id, at, `silent for ${silence_ms} ms`);
      return badSamples(plan, Quality.timeout, at);
    });
  }

  /** The device said itself that it is gone, or was said to be. */
  lose(device: string, at: number, reason: string): void {
    const state = this.states.get(device);
    if (!state) return;
    for (const { metric } of state.plan.points) this.latest.delete(`${device}/${metric}`);
    if (!state.up) return;
    Object.assign(state, { up: false, last_error: reason });
    this.tell({ kind: 'link', device, state: 'disconnected', at, reason });
  }

  /** The connection is lost, which is told as one event for all. Bad samples of everybody. */
  allLost(at: number, now: number): Sample[] {
    this.latest.clear();
    this.refuse(new AdapterError('closed', 'read', 'the connection was lost'));
    return [...this.states.values()].flatMap((state) => {
      Object.assign(state, { up: false, silent: false, heard_at: now });
      return this.excluded.has(state.plan.id) ? [] : badSamples(state.plan, Quality.notConnected, at);
    });
  }

  error(device: string, message: string): void {
    const state = this.states.get(device);
    if (state) state.last_error = message;
  }

  /** What the point said before is of no more use. */
  wrote(device: string, metric: string): void {
    this.latest.delete(`${device}/${metric}`);
  }

  /** What the point said last since the connection is there and since it was written; otherwise what it says next. */
  read(device: string, metric: string, timeout_ms: number): Promise<Sample> {
    const key = `${device}/${metric}`;
    const latest = this.latest.get(key);
    if (latest) return Promise.resolve(latest);
    const waiting = this.waiting.get(key) ?? [];
    if (waiting.length >= MAX_WAITING)
      return Promise.reject(new AdapterError('not-connected', 'read', `${key}: ${MAX_WAITING} reads wait already`));
    return new Promise((resolve, reject) => {
      const give_up = (): void => {
        this.waiting.set(
          key,
          (this.waiting.get(key) ?? []).filter((w) => w !== mine),
        );
        reject(new AdapterError('timeout', 'read', `${key} said nothing within ${timeout_ms} ms`));
      };
      const mine: Waiting = { timer: setTimeout(give_up, timeout_ms), resolve, reject };
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), mine]);
    });
  }

  refuse(error: AdapterError): void {
    for (const list of this.waiting.values())
      for (const w of list) {
        clearTimeout(w.timer);
        w.reject(error);
      }
    this.waiting.clear();
  }

  status(): DeviceStatus[] {
    const never = { scan_asked_ms: 0, scan_achieved_ms: 0, scans_missed: 0 };
    return [...this.states.values()].map(({ plan, up, last_error }) => ({
      id: plan.id,
      connected: up,
      last_error,
      ...never,
    }));
  }

  private said(sample: Sample): void {
    const key = `${sample.device}/${sample.metric}`;
    this.latest.set(key, sample);
    const waiting = this.waiting.get(key);
    if (!waiting) return;
    this.waiting.delete(key);
    for (const w of waiting) {
      clearTimeout(w.timer);
      w.resolve(sample);
    }
  }

  private begin(plan: DevicePlan, now: number): State {
    return { plan, silence_ms: this.silenceOf(plan), up: false, silent: false, heard_at: now, last_error: '' };
  }

  private knows(key: string): boolean {
    const slash = key.indexOf('/');
    const state = this.states.get(key.slice(0, slash));
    return state?.plan.byMetric.has(key.slice(slash + 1)) ?? false;
  }
}

export function badSamples(device: DevicePlan, quality: number, at: number): Sample[] {
  return device.points.map(({ metric }) => ({ device: device.id, metric, at, quality }));
}

/** Device and point of an order, or AdapterError: unknown, excluded, not writable. */
export function findPoint(
  operation: 'read' | 'write',
  device: DevicePlan | undefined,
  metric: string,
  name: string,
): { device: DevicePlan; point: DevicePlan['points'][number] } {
  const point = device?.byMetric.get(metric);
  if (!device || !point)
    throw new AdapterError('unknown-point', operation, `${name}/${metric}`, 'is it in the profile of this connection?');
  if (operation === 'write' && !point.writable)
    throw new AdapterError('not-writable', 'write', `${name}/${metric}`, 'set writable: true in the profile');
  return { device, point };
}

/** Refuses a raw value that the point cannot hold. */
export function checkValue(kind: string, value: FieldValue, name: string): void {
  const fits =
    kind === 'text'
      ? typeof value === 'string'
      : kind === 'boolean'
        ? typeof value === 'boolean' || value === 0 || value === 1
        : typeof value === 'number' || typeof value === 'bigint';
  if (!fits) throw new AdapterError('invalid-value', 'write', `${name}: ${String(value)} is not a ${kind}`);
}
