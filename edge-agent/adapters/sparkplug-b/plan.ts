/** Messages of edge nodes to readings of devices, for all nodes of a connection. No sockets: time is data. */
import { AdapterError, type FieldValue, type Sample } from '../../adapter';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { NOTHING } from '../../wire/broker/adapter';
import { type MqttMeaning } from '../../wire/mqtt/broker-adapter';
import { type Outgoing } from '../../wire/mqtt/outbound';
import { decodePayload, encodeCommand, type Metric, type Payload, type TypeName, typeNameOf, valueOf } from './codec';
import { ProtoError } from './protobuf';
import { type Effect, type Node, REBIRTH, step, type Told, UNKNOWN } from './session';
import { type SparkplugDeviceSettings, type SparkplugSource } from './settings';
import { commandTopic, nodeKey, parseTopic, type SparkplugTopic } from './topic';

export const REFUSALS = ['unmatched_topic', 'unknown_device', 'bad_payload', 'refused_type', 'not_of_type'] as const;
const MAX_AHEAD_MS = 86_400_000;

interface Device {
  readonly plan: DevicePlan;
  readonly byName: ReadonlyMap<string, PointPlan>;
}

/** What came of one message, on its way to a MqttMeaning. */
interface Draft {
  readonly heard: Map<string, Sample[]>;
  readonly bad: Sample[];
  readonly lost: { device: string; reason: string }[];
  readonly publish: Outgoing[];
  readonly counted: string[];
  readonly strangers: string[];
  complaint: string;
}

export class Nodes {
  private nodes = new Map<string, Node>();
  private devices: ReadonlyMap<string, Device> = new Map();
  private known: ReadonlySet<string> = new Set();

  adopt(connection: ConnectionPlan): void {
    this.devices = new Map(
      connection.devices.map((plan) => {
        const byName = new Map(plan.points.map((p) => [(p.source as SparkplugSource).name, p]));
        return [keyOf(plan.settings as SparkplugDeviceSettings), { plan, byName }];
      }),
    );
    this.known = new Set(
      connection.devices.map(({ settings }) => {
        const { group, node } = settings as SparkplugDeviceSettings;
        return nodeKey(group, node);
      }),
    );
  }

  /** The connection is gone: what nodes said meanwhile is not known. */
  forget(): void {
    this.nodes = new Map();
  }

  message(topic: string, bytes: Buffer, now: number): MqttMeaning {
    const parsed = parseTopic(topic);
    if (!parsed) return topic.includes('/STATE/') ? NOTHING : refused('unmatched_topic', topic);
    const key = nodeKey(parsed.group, parsed.node);
    // State is kept for nodes of the profile alone: anybody may publish.
    if (!this.known.has(key)) return refused('unknown_device', `${key}${parsed.device && `/${parsed.device}`}`);
    let payload: Payload;
    try {
      payload = decodePayload(bytes);
    } catch (error) {
      if (!(error instanceof ProtoError)) throw error;
      const bad = this.badOf(parsed, Quality.notConverted, now);
      return { ...NOTHING, bad, counted: ['bad_payload'], complaint: `bad_payload: ${topic}: ${error.message}` };
    }
    const done = step(this.nodes.get(key) ?? UNKNOWN, parsed.type, parsed.device, payload, now);
    this.nodes.set(key, done.node);
    return this.meaning(parsed, done.effects, now);
  }

  /** Throws AdapterError. A command is QoS 0, as the specification wants it: what came of it is read back. */
  command(device: DevicePlan, point: PointPlan, value: FieldValue, now: number): Outgoing {
    const { group, node, device: name } = device.settings as SparkplugDeviceSettings;
    const what = `${device.id}/${point.metric}`;
    const birth = this.nodes.get(nodeKey(group, node))?.births.get(name);
    if (!birth) throw new AdapterError('not-connected', 'write', `${what}: ${group}/${node} has not been born`);
    const named = birth.byName.get((point.source as SparkplugSource).name);
    const type = named && typeNameOf(named.type);
    if (!named || !type) throw new AdapterError('unknown-point', 'write', `${what}: its birth has no such metric`);
    const payload = encodeCommand({ name: named.name, type, value }, now);
    if (!payload) throw new AdapterError('invalid-value', 'write', `${what}: ${String(value)} is no ${type}`);
    return { topic: commandTopic(group, node, name), payload, qos: 0, retain: false };
  }

  private meaning(from: SparkplugTopic, effects: readonly Effect[], now: number): MqttMeaning {
    const draft: Draft = {
      ...{ heard: new Map<string, Sample[]>(), bad: [], lost: [], publish: [], counted: [], strangers: [] },
      complaint: '',
    };
    for (const effect of effects) this.apply(from, effect, now, draft);
    return { ...draft, heard: [...draft.heard].map(([device, samples]) => ({ device, samples })) };
  }

  private apply(from: SparkplugTopic, effect: Effect, now: number, draft: Draft): void {
    const { group, node } = from;
    switch (effect.kind) {
      case 'count':
        draft.counted.push(effect.what);
        return;
      case 'rebirth':
        draft.publish.push(rebirth(group, node, now));
        return;
      case 'lost':
        for (const { plan } of this.of(group, node, effect.device)) {
          draft.bad.push(...plan.points.map((p) => bad(plan.id, p.metric, now, Quality.notConnected)));
          draft.lost.push({ device: plan.id, reason: effect.device === '' ? 'NDEATH' : `${from.type}` });
        }
        return;
      case 'values':
        this.values(from, effect, now, draft);
    }
  }

  private values(
    { group, node }: SparkplugTopic,
    effect: Effect & { kind: 'values' },
    now: number,
    draft: Draft,
  ): void {
    const key = keyOf({ group, node, device: effect.device });
    const device = this.devices.get(key);
    if (!device) {
      // A node is often in no profile itself, and only its devices are.
      if (effect.device === '') return;
      draft.counted.push('unknown_device');
      draft.strangers.push(key);
      return;
    }
    const { id } = device.plan;
    const samples = draft.heard.get(id) ?? [];
    draft.heard.set(id, samples);
    for (const told of effect.values) {
      const point = device.byName.get(told.name);
      if (!point) {
        if (effect.birth) draft.strangers.push(`${key} ${told.name} (${typeNameOf(told.type) ?? `type ${told.type}`})`);
        continue;
      }
      const at = timeOf(told.metric.at ?? effect.at, now);
      samples.push(sampleOf(told, id, point, at, draft));
    }
  }

  /** Devices a message of the node concerns: one, or all when it is the node's. */
  private of(group: string, node: string, device: string): Device[] {
    if (device !== '') return [this.devices.get(keyOf({ group, node, device }))].filter((d) => d !== undefined);
    const all = [...this.devices.values()];
    return all.filter(({ plan }) => {
      const settings = plan.settings as SparkplugDeviceSettings;
      return settings.group === group && settings.node === node;
    });
  }

  private badOf({ group, node, device }: SparkplugTopic, quality: number, now: number): Sample[] {
    const found = this.devices.get(keyOf({ group, node, device }));
    return found ? found.plan.points.map((p) => bad(found.plan.id, p.metric, now, quality)) : [];
  }
}

const keyOf = ({ group, node, device }: SparkplugDeviceSettings): string =>
  device === '' ? nodeKey(group, node) : `${nodeKey(group, node)}/${device}`;

const bad = (device: string, metric: string, at: number, quality: number): Sample => ({ device, metric, at, quality });

function refused(what: (typeof REFUSALS)[number], detail: string): MqttMeaning {
  return { ...NOTHING, counted: [what], complaint: `${what}: ${detail}`, strangers: [detail] };
}

function rebirth(group: string, node: string, now: number): Outgoing {
  const payload = encodeCommand({ name: REBIRTH, type: 'boolean', value: true }, now) ?? Buffer.alloc(0);
  return { topic: commandTopic(group, node, ''), payload, qos: 0, retain: false };
}

const timeOf = (at: number | undefined, now: number): number =>
  at !== undefined && at > 0 && at <= now + MAX_AHEAD_MS ? at : now;

/** Of the property "Quality"; what is not known is taken for bad. */
const QUALITIES: Readonly<Record<number, number>> = { 192: Quality.good, 500: Quality.lastUsable };

function sampleOf({ metric, type }: Told, device: string, point: PointPlan, at: number, draft: Draft): Sample {
  const known = typeNameOf(type);
  if (!known) {
    draft.counted.push('refused_type');
    draft.complaint = `refused_type: ${device}/${point.metric} is of type ${type}, which cannot be a reading`;
    return bad(device, point.metric, at, Quality.notConverted);
  }
  if (metric.isNull || !metric.raw) return bad(device, point.metric, at, Quality.bad);
  const value = read(known, metric.raw);
  if (value === undefined) {
    draft.counted.push('not_of_type');
    draft.complaint = `not_of_type: ${device}/${point.metric} is not a ${known}`;
    return bad(device, point.metric, at, Quality.notConverted);
  }
  const quality = metric.quality === undefined ? Quality.good : (QUALITIES[metric.quality] ?? Quality.bad);
  return { device, metric: point.metric, at, value, quality };
}

function read(type: TypeName, raw: NonNullable<Metric['raw']>): FieldValue | undefined {
  try {
    return valueOf(type, raw);
  } catch (error) {
    if (error instanceof ProtoError) return undefined;
    throw error;
  }
}
