/** Which message means which readings, compiled from the profile. Pure. */
import { type Sample } from '../../adapter';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { at, decodePayload, PayloadError, steps, timeOf, valueOf } from '../payload';
import { type MqttSource, type SubscriptionSettings } from './mapping';
import { compileTopic, fill, type Names, type TopicTemplate } from './topic';

export const REJECTIONS = ['unmatched_topic', 'unknown_device', 'unknown_metric', 'bad_payload', 'too_many'] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** Readings of one device, or why there are none. */
export type Understood =
  | {
      readonly kind: 'samples';
      readonly device: string;
      readonly samples: readonly Sample[];
      readonly badTime: boolean;
    }
  | {
      readonly kind: 'rejected';
      readonly reason: Rejection;
      readonly detail: string;
      readonly samples: readonly Sample[];
    };

interface Point {
  readonly metric: string;
  readonly kind: MqttSource['kind'];
  readonly path: readonly string[];
}

interface Device {
  readonly plan: DevicePlan;
  /** By the name that stands for the metric in topics, path inside the value of the subscription. */
  readonly single: ReadonlyMap<string, Point>;
  readonly several: readonly Point[];
}

interface Subscribed {
  readonly settings: SubscriptionSettings;
  readonly topic: TopicTemplate;
  readonly value: readonly string[];
  readonly time: readonly string[] | undefined;
}

/** Entries of a message that is a list. */
export const MAX_ENTRIES = 10_000;
/** A message that is a list is many messages, unless the profile points at one of them. */
const INDEX = /^\d+$/;

export class MessageTable {
  private readonly subscribed: readonly Subscribed[];
  private readonly devices: ReadonlyMap<string, Device>;

  /** `subscriptions`: all of the connection, unless it is known where the messages come from. */
  constructor(
    connection: ConnectionPlan,
    { subscriptions } = connection.settings as { subscriptions: readonly SubscriptionSettings[] },
  ) {
    this.subscribed = subscriptions.map((settings) => ({
      settings,
      topic: compileTopic(settings.topic, settings.separator),
      value: steps(settings.value),
      time: settings.time === undefined ? undefined : steps(settings.time),
    }));
    this.devices = new Map(
      connection.devices.map((plan) => [(plan.settings as { address: string }).address, compileDevice(plan)]),
    );
  }

  /** `now`: ms since 1970, the time of what carries none. */
  read(topic: string, payload: Buffer, now: number): Understood {
    for (const one of this.subscribed) {
      const names = one.topic.match(topic);
      if (names) return this.message(one, names, payload, now, topic);
    }
    return rejected('unmatched_topic', topic);
  }

  private message(one: Subscribed, names: Names, payload: Buffer, now: number, topic: string): Understood {
    const address = fill(one.settings.device, names) ?? '';
    const device = this.devices.get(address);
    if (!device) return rejected('unknown_device', `${address} on ${topic}`);
    const { metric } = one.settings;
    const name = metric === undefined ? undefined : (fill(metric, names) ?? '');
    const point = name === undefined ? undefined : device.single.get(name);
    if (name !== undefined && !point) return rejected('unknown_metric', `${address}/${name} on ${topic}`);
    const points = point ? [point] : device.several;
    const { id } = device.plan;
    let data: unknown;
    try {
      data = decodePayload(one.settings.payload, payload);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      const samples = points.map((p) => ({ device: id, metric: p.metric, at: now, quality: Quality.notConverted }));
      return { kind: 'rejected', reason: 'bad_payload', detail: `${topic}: ${error.message}`, samples };
    }
    const entries = Array.isArray(data) && !INDEX.test(one.value[0] ?? '') ? (data as unknown[]) : [data];
    if (entries.length > MAX_ENTRIES) return rejected('too_many', `${entries.length} entries on ${topic}`);
    const samples: Sample[] = [];
    let badTime = false;
    for (const entry of entries) badTime = readEntry(one, entry, id, points, now, samples) || badTime;
    if (samples.length === 0) return rejected('unknown_metric', `nothing of the profile on ${topic}`);
    return { kind: 'samples', device: id, samples, badTime };
  }
}

/** True when the entry's time was none. */
function readEntry(
  { settings, value, time }: Subscribed,
  entry: unknown,
  device: string,
  points: readonly Point[],
  now: number,
  into: Sample[],
): boolean {
  const given = time && timeOf(settings.time_unit, at(entry, time), now);
  const whole = at(entry, value);
  const badTime = time !== undefined && given === undefined;
  const good = badTime ? Quality.uncertain : Quality.good;
  for (const { metric, kind, path } of points) {
    const data = at(whole, path);
    if (data === undefined) continue;
    const found = valueOf(kind, data);
    const moment = given ?? now;
    if (found !== undefined) into.push({ device, metric, at: moment, value: found, quality: good });
    else into.push({ device, metric, at: moment, quality: data === null ? Quality.bad : Quality.notConverted });
  }
  return badTime;
}

function rejected(reason: Rejection, detail: string): Understood {
  return { kind: 'rejected', reason, detail, samples: [] };
}

function compileDevice(plan: DevicePlan): Device {
  const sources = plan.points.map((p) => ({ metric: p.metric, source: p.source as MqttSource }));
  const single = sources.map(({ metric, source }) => {
    return [source.name, { metric, kind: source.kind, path: steps(source.value ?? '') }] as const;
  });
  const several = sources.map(({ metric, source }) => ({
    metric,
    kind: source.kind,
    path: source.value === undefined ? [metric] : steps(source.value),
  }));
  return { plan, single: new Map(single), several };
}
