/** A Sparkplug B 3.0 host application as a field adapter. One instance per connection of the profile. */
import { type ConnectionPlan } from '../../core/compile/plan';
import { type BrokerAdapterDeps } from '../../wire/broker/adapter';
import { BrokerAdapter, type Dialect } from '../../wire/mqtt/broker-adapter';
import { type Outgoing } from '../../wire/mqtt/outbound';
import { Nodes, REFUSALS } from './plan';
import { COUNTS } from './session';
import { type SparkplugConnectionSettings } from './settings';
import { NAMESPACE, stateTopic } from './topic';

export class SparkplugAdapter extends BrokerAdapter {
  constructor(connection: ConnectionPlan, deps: BrokerAdapterDeps) {
    super(connection, deps, dialectOf(connection));
  }
}

/** 6.4.20: the state of a host, retained; its will carries the time of the birth it belongs to. */
function state(host_id: string, online: boolean, timestamp: number): Outgoing {
  const payload = Buffer.from(JSON.stringify({ online, timestamp }));
  return { topic: stateTopic(host_id), payload, qos: 1, retain: true };
}

function dialectOf(connection: ConnectionPlan): Dialect {
  const { broker, host_id, groups } = connection.settings as SparkplugConnectionSettings;
  const nodes = new Nodes();
  /** Time of the session's birth and will. */
  let begun = 0;
  return {
    broker,
    subscriptions: groups.map((group) => ({ filter: `${NAMESPACE}/${group}/#`, qos: 1 as const })),
    counts: [...COUNTS, ...REFUSALS],
    silenceOf: () => 0,
    adopt: (next) => nodes.adopt(next),
    ...(host_id !== undefined && {
      will: (now) => ({ ...state(host_id, false, (begun = now)), qos: 1 as const }),
      opened: () => [state(host_id, true, begun)],
      closing: () => [state(host_id, false, begun)],
    }),
    lost: () => nodes.forget(),
    message: (topic, payload, now) => nodes.message(topic, payload, now),
    command: (device, point, value, now) => nodes.command(device, point, value, now),
  };
}
