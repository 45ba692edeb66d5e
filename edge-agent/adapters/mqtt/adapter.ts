/** MQTT as a field adapter: a client of a broker that is there already. One instance per connection of the profile. */
import { AdapterError, type FieldValue } from '../../adapter';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { type BrokerAdapterDeps } from '../../wire/broker/adapter';
import { BrokerAdapter, type Dialect } from '../../wire/mqtt/broker-adapter';
import { type Outgoing } from '../../wire/mqtt/outbound';
import { commandMessage, type MqttSource } from '../../wire/mqtt/mapping';
import { meaningOf } from '../../wire/mqtt/meaning';
import { MessageTable, REJECTIONS } from '../../wire/mqtt/table';
import { compileTopic } from '../../wire/mqtt/topic';
import { type MqttConnectionSettings, type MqttDeviceSettings } from './settings';

export class MqttAdapter extends BrokerAdapter {
  constructor(connection: ConnectionPlan, deps: BrokerAdapterDeps) {
    super(connection, deps, dialectOf(connection));
  }
}

function dialectOf(connection: ConnectionPlan): Dialect {
  const { broker, subscriptions } = connection.settings as MqttConnectionSettings;
  let table = new MessageTable(connection);
  return {
    broker,
    subscriptions: subscriptions.map(({ topic, group, qos }) => {
      const { filter } = compileTopic(topic);
      return { filter: group === undefined ? filter : `$share/${group}/${filter}`, qos };
    }),
    counts: ['bad_times', ...REJECTIONS],
    silenceOf: (device) => (device.settings as MqttDeviceSettings).silence_ms,
    adopt: (next) => (table = new MessageTable(next)),
    message: (topic, payload, now) => meaningOf(table.read(topic, payload, now)),
    command,
  };
}

function command(device: DevicePlan, { metric, source }: PointPlan, value: FieldValue): Outgoing {
  const { command: to, kind } = source as MqttSource;
  if (!to) throw new AdapterError('not-writable', 'write', `${device.id}/${metric}`, 'say where in mqtt.command');
  return commandMessage(to, kind, value, `${device.id}/${metric}`);
}
