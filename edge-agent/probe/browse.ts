/** What is behind a connection of a draft: variables of an OPC UA server, BACnet devices, topics of an MQTT broker. */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as NetworkModule from '../adapters/bacnet/network';
import { placeOf } from '../adapters/bacnet/place';
import { type BacnetSettings, connectionSettings as bacnetSettings } from '../adapters/bacnet/settings';
import { connectionSettings as mqttSettings } from '../adapters/mqtt/settings';
import { browse } from '../adapters/opcua/browse';
import type * as OpenModule from '../adapters/opcua/open';
import { connectionSettings as opcuaSettings, nodeName } from '../adapters/opcua/settings';
import { type ConnectionSection } from '../core/profile/types';
import { Broker } from '../wire/mqtt/broker';
import { type Found, type FoundDevice } from '../../schemas/probe';
import { ProbeError } from './error';
import { SeenTopics } from './topics';
import { visitingBroker, visitingNetwork } from './visitor';

const load = createRequire(__filename);
const DEPTH = 8;
export const MAX_VARIABLES = 1_000;
/** A broadcast into a large network must end. */
export const MAX_DEVICES = 1_000;
/** Whatever the broker has. Its own messages about itself begin with $ and are not among them. */
const EVERYTHING = '#';

export interface BrowseOptions {
  /** OPC UA: a node. MQTT: a topic filter. Empty: everywhere. */
  readonly node: string;
  /** How long to listen, ms. */
  readonly wait_ms: number;
  /** Tells this visitor from any other client of a broker. */
  readonly suffix: string;
  readonly random: () => number;
  readonly isFree: (port: number) => boolean;
}

type Seen = Omit<Found, 'kind' | 'protocol'>;
const NOTHING: Seen = { points: [], devices: [], topics: [], left_out: [], cut: false };

/** Throws ProbeError for a protocol that has nothing to browse, and whatever kept it from looking. */
export async function browseConnection(connection: ConnectionSection, options: BrowseOptions): Promise<Found> {
  const { protocol } = connection;
  return { kind: 'browse', protocol, ...NOTHING, ...(await seen(connection, options)) };
}

function seen(connection: ConnectionSection, options: BrowseOptions): Promise<Partial<Seen>> {
  switch (connection.protocol) {
    case 'opcua':
      return variables(connection, options);
    case 'bacnet':
      return devices(visitingNetwork(bacnetSettings(connection), options.isFree), options.wait_ms);
    case 'mqtt':
      return topics(connection, options);
    default:
      throw new ProbeError(`${connection.protocol} has nothing to browse: import a tag list (CSV, EDE, DBC) instead`);
  }
}

async function variables(connection: ConnectionSection, { node }: BrowseOptions): Promise<Partial<Seen>> {
  const start = node === '' ? undefined : nodeName(node, undefined);
  if (node !== '' && !start) throw new ProbeError(`where to begin is nsu=<namespace URI>;s=<name>, not ${node}`);
  const { openLink } = load('../adapters/opcua/open') as typeof OpenModule;
  const link = await openLink(opcuaSettings(connection), new AbortController().signal);
  try {
    const { points, leftOut, cut } = await browse(link, start, { depth: DEPTH, max: MAX_VARIABLES });
    return { points: points.map((p) => ({ ...p })), left_out: leftOut, cut };
  } finally {
    await link.close(new Error('browsed'), true);
  }
}

async function devices(settings: BacnetSettings, wait_ms: number): Promise<Partial<Seen>> {
  const { found, cut } = await whoIs(settings, wait_ms, MAX_DEVICES);
  const quiet = settings.port === 0 ? ['its port is the agent’s: devices that answer by broadcast were not heard'] : [];
  return { devices: found, left_out: quiet, cut };
}

/** Devices that answer Who-Is, by instance. */
export async function whoIs(
  settings: BacnetSettings,
  wait_ms: number,
  max: number,
): Promise<{ found: readonly FoundDevice[]; cut: boolean }> {
  const { Network } = load('../adapters/bacnet/network') as typeof NetworkModule;
  const found = new Map<number, string>();
  let cut = false;
  let failure: Error | undefined;
  const network = new Network(settings, { failed: (error) => (failure = error), notified: () => undefined });
  const forget = network.discover(({ instance, address }) => {
    if (found.has(instance) || found.size < max) found.set(instance, address);
    else cut = true;
  });
  await sleep(wait_ms);
  forget();
  network.close();
  if (failure) throw failure;
  const sorted = [...found].sort(([a], [b]) => a - b);
  return {
    found: sorted.map(([instance, address]) => ({
      id: `bacnet-${instance}`,
      bacnet: { instance, ...placeOf(address) },
    })),
    cut,
  };
}

async function topics(connection: ConnectionSection, options: BrowseOptions): Promise<Partial<Seen>> {
  const { broker: settings } = mqttSettings(connection);
  const heard = new SeenTopics();
  let lost: Error | undefined;
  const broker = new Broker({
    settings: visitingBroker(settings, options.suffix),
    subscriptions: [{ filter: options.node || EVERYTHING, qos: 0 }],
    random: options.random,
    listener: {
      connecting: () => undefined,
      opened: () => (lost = undefined),
      message: ({ topic, payload }) => heard.take(topic, payload),
      lost: (reason) => (lost = reason),
    },
  });
  broker.start();
  await sleep(options.wait_ms);
  const failure = lost;
  broker.close(new Error('browsed'));
  if (failure) throw failure;
  return { topics: heard.list(), cut: heard.cut };
}
