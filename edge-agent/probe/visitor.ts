/**
 * A plan as a visitor reads it: beside a working agent that may speak to the same field, whose sessions, subscriptions and
 * ports it must not take away. What cannot be read without that is left out, with the reason. Pure.
 */
import { type BacnetSettings, type BacnetSource } from '../adapters/bacnet/settings';
import { type MqttConnectionSettings } from '../adapters/mqtt/settings';
import { type AgentPlan, type ConnectionPlan, type DevicePlan } from '../core/compile/plan';
import { type BrokerSettings } from '../wire/mqtt/settings';
import { type Complaint } from '../../schemas/probe';

export interface Visit {
  readonly plan: AgentPlan;
  readonly leftOut: readonly Complaint[];
}

export interface VisitOptions {
  /** Only this connection; all when empty. */
  readonly connection: string;
  /** Tells this visitor from any other client of a broker. */
  readonly suffix: string;
  /** Whether nobody has the UDP port. */
  readonly isFree: (port: number) => boolean;
}

const COMES_BY_ITSELF =
  'its devices come to the agent by themselves: what they send is seen once the profile is in force';
const ONE_CONSUMER =
  'a queue gives each message to one consumer: a visitor would take some from the agent, and end those of devices that the draft lacks';
const NOT_BESIDE: Readonly<Record<string, string>> = {
  amqp: ONE_CONSUMER,
  'amqp-0-9-1': ONE_CONSUMER,
  http: COMES_BY_ITSELF,
  coap: COMES_BY_ITSELF,
  'mqtt-listener': COMES_BY_ITSELF,
  'modbus-rtu': 'a serial line has one master: stop the agent, and use `millrace agent dry-run`',
  can: 'the end of its tunnel or converter is the agent’s: stop the agent, and use `millrace agent dry-run`',
  'sparkplug-b': 'a second host application would have every edge node be born anew',
};

export function asVisitor(plan: AgentPlan, options: VisitOptions): Visit {
  const wanted = plan.connections.filter((c) => options.connection === '' || c.name === options.connection);
  const reasonOf = ({ protocol }: ConnectionPlan): string | undefined => NOT_BESIDE[protocol];
  const leftOut = wanted.flatMap((c) => {
    const reason = reasonOf(c);
    return reason === undefined ? [] : [{ connection: c.name, reason }];
  });
  const connections = wanted.filter((c) => reasonOf(c) === undefined).map((c) => visited(c, options));
  const devices = new Map(connections.flatMap((c) => c.devices).map((d) => [d.id, d] as const));
  return { plan: { ...plan, connections, devices, rules: [], fences: [] }, leftOut };
}

function visited(connection: ConnectionPlan, options: VisitOptions): ConnectionPlan {
  if (connection.protocol === 'mqtt') {
    const { broker, subscriptions } = connection.settings as MqttConnectionSettings;
    // Of a shared subscription it would get messages that are then missing elsewhere.
    const own = subscriptions.map((s) => ({ ...s, group: undefined, qos: 0 as const }));
    return { ...connection, settings: { broker: visitingBroker(broker, options.suffix), subscriptions: own } };
  }
  if (connection.protocol === 'bacnet')
    return {
      ...connection,
      settings: visitingNetwork(connection.settings as BacnetSettings, options.isFree),
      devices: connection.devices.map(withoutChanges),
    };
  return connection;
}

/** Another client id, or the broker would end the session of the agent that has it. */
export const visitingBroker = (broker: BrokerSettings, suffix: string): BrokerSettings => ({
  ...broker,
  client_id: `${broker.client_id}-${suffix}`,
  session_expiry_s: 0,
});

/** Another port, or the visitor would get answers that the agent waits for. Broadcast answers are then not heard. */
export const visitingNetwork = (settings: BacnetSettings, isFree: (port: number) => boolean): BacnetSettings =>
  isFree(settings.port) ? settings : { ...settings, port: 0 };

/** No subscription is left behind in the device. */
function withoutChanges(device: DevicePlan): DevicePlan {
  const points = device.points.map((p) => ({ ...p, source: { ...(p.source as BacnetSource), cov: false } }));
  return { ...device, points, byMetric: new Map(points.map((p) => [p.metric, p] as const)) };
}
