/** What the API learns from the stream: devices, presence, replies, commands, and the live feed. */
import { type Kafka } from 'kafkajs';
import { type Logger } from 'pino';
import { CodecError } from '../../schemas/codec';
import { EventReader, type WriterSchemas } from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { tail, type TailedMessage, type Tail } from '../lib/tail';
import { type ApiKeys } from './api-keys';
import { type CommandLog } from './command-log';
import { type Definitions } from './definitions';
import { type Directory } from './directory';
import { type Feed } from './feed';
import { type IdentityBook } from './identity/book';
import { type Probes } from './probes';
import { type Registrar } from './registrar';
import { type Webhooks } from './webhooks/book';
import { alarmView, commandView, frameView, iso, lifecycleView, presenceView } from './views';

export interface Sinks {
  readonly directory: Directory;
  readonly commands: CommandLog;
  readonly definitions: Definitions;
  readonly registrar: Registrar;
  readonly feed: Feed;
  readonly keys: ApiKeys;
  readonly identities: IdentityBook;
  readonly webhooks: Webhooks;
  readonly probes: Pick<Probes, 'answer'>;
}

type Handler = (message: TailedMessage & { value: Buffer }) => Promise<void>;

const coordinates = (m: TailedMessage): string => `${m.topic}:${m.partition}:${m.offset}`;

/** Starts following; resolves when the directory knows every device. */
export async function follow(kafka: Kafka, writers: WriterSchemas, sinks: Sinks, log: Logger): Promise<Tail[]> {
  const states = stateHandlers(writers, sinks);
  const live = liveHandlers(writers, sinks);
  const start = (name: string, from: 'beginning' | 'now', handlers: Record<string, Handler>): Promise<Tail> =>
    tail(
      kafka,
      {
        groupId: `${sinks.registrar.instance}-${name}`,
        topics: Object.keys(handlers),
        from,
        onMessage: guarded(handlers, log),
      },
      log,
    );
  const tails = await Promise.all([start('state', 'beginning', states), start('live', 'now', live)]);
  await tails[0].caughtUp;
  return tails;
}

/** A message that cannot be read is the projector's to bury; here it is passed over, with a line in the log. */
function guarded(handlers: Record<string, Handler>, log: Logger): (m: TailedMessage) => Promise<void> {
  return async (message) => {
    const { value } = message;
    if (value === null) return;
    try {
      await handlers[message.topic]?.({ ...message, value });
    } catch (err) {
      if (!(err instanceof CodecError)) throw err;
      log.warn({ err, coordinates: coordinates(message) }, 'unreadable message passed over');
    }
  };
}

function stateHandlers(writers: WriterSchemas, sinks: Sinks): Record<string, Handler> {
  const { directory, definitions, feed, keys, identities, webhooks } = sinks;
  const states = new EventReader('device-state', writers);
  const presences = new EventReader('presence', writers);
  const defined = new EventReader('definition', writers);
  const apiKeys = new EventReader('api-key', writers);
  const identityEvents = new EventReader('identity-event', writers);
  const hooks = new EventReader('webhook', writers);
  return {
    [Topics.identities.name]: async (m) => identities.apply(await identityEvents.read(m.value)),
    [Topics.webhooks.name]: async (m) => webhooks.apply(await hooks.read(m.value)),
    [Topics.apiKeys.name]: async (m) => keys.apply(await apiKeys.read(m.value)),
    [Topics.devices.name]: async (m) => void directory.apply(await states.read(m.value)),
    [Topics.definitions.name]: async (m) => void definitions.apply(await defined.read(m.value)),
    [Topics.presence.name]: async (m) => {
      const p = await presences.read(m.value);
      directory.applyPresence(p);
      feed.publish('presence', p.tenant, p.device_id, coordinates(m), () => ({
        device_id: p.device_id,
        ...presenceView(p),
      }));
    },
  };
}

function liveHandlers(writers: WriterSchemas, sinks: Sinks): Record<string, Handler> {
  const { commands, registrar, feed, probes } = sinks;
  const replies = new EventReader('device-reply', writers);
  const frames = new EventReader('telemetry-frame', writers);
  const lives = new EventReader('device-event', writers);
  const commandEvents = new EventReader('command-event', writers);
  const alarms = new EventReader('alarm', writers);
  const answers = new EventReader('probe-answer', writers);
  return {
    [Topics.deviceReplies.name]: async (m) => {
      if (m.key?.toString() === registrar.instance) registrar.answer(await replies.read(m.value));
    },
    [Topics.probeAnswers.name]: async (m) => probes.answer(await answers.read(m.value)),
    [Topics.telemetry.name]: async (m) => {
      if (!feed.wants('reading')) return;
      const f = await frames.read(m.value);
      feed.publish('reading', f.tenant, f.device_id, coordinates(m), () => frameView(f));
    },
    [Topics.lifecycle.name]: async (m) => {
      const e = await lives.read(m.value);
      feed.publish('lifecycle', e.tenant, e.device_id, coordinates(m), () => lifecycleView(e));
    },
    [Topics.commandEvents.name]: async (m) => {
      const e = await commandEvents.read(m.value);
      commands.apply(e);
      const view = commands.get(e.tenant, e.command_id);
      feed.publish('command', e.tenant, e.device_id, coordinates(m), () => ({
        ...(view && commandView(view)),
        transition: { state: e.state, at: iso(e.at) },
      }));
    },
    [Topics.alarms.name]: async (m) => {
      const a = await alarms.read(m.value);
      feed.publish('alarm', a.tenant, a.device_id, coordinates(m), () => alarmView(a));
    },
  };
}
