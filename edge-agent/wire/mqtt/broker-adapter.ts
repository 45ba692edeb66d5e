/** A field adapter over a broker that speaks MQTT. */
import { type Receipts } from '../../adapter';
import { type ConnectionPlan } from '../../core/compile/plan';
import { type BrokerAdapterDeps, type Dialect as Meanings, type Meaning, MessagesAdapter } from '../broker/adapter';
import { Broker } from './broker';
import { type Memory } from './inbound';
import { type Message } from './link';
import { type Outgoing } from './outbound';
import { PacketReceipts } from './packet-receipts';
import { type Subscription, type Will } from './packets';
import { type BrokerSettings } from './settings';

export type MqttMeaning = Meaning<Outgoing>;

export interface Dialect extends Omit<Meanings<Message, Outgoing>, 'say_within_ms' | 'message'> {
  readonly broker: BrokerSettings;
  readonly subscriptions: readonly Subscription[];
  will?(now: number): Will;
  message(topic: string, payload: Buffer, now: number): MqttMeaning;
}

export class BrokerAdapter extends MessagesAdapter<Message, Outgoing> {
  constructor(connection: ConnectionPlan, deps: BrokerAdapterDeps, dialect: Dialect) {
    const { broker: settings, subscriptions } = dialect;
    const { clock, random } = deps;
    super(connection, deps, meaningsOf(dialect), (listener) => {
      const { will } = dialect;
      const memory = deps.receipts && memoryOf(connection.name, settings.receive_maximum, deps.receipts());
      return new Broker({
        settings,
        subscriptions,
        random,
        listener,
        ...(will && { will: () => will(clock.now()) }),
        ...(memory && { memory }),
      });
    });
  }
}

const meaningsOf = (dialect: Dialect): Meanings<Message, Outgoing> => ({
  ...dialect,
  counts: ['retained', ...dialect.counts],
  say_within_ms: dialect.broker.connect_timeout_ms,
  message: ({ topic, payload, retain }, now) => {
    const meaning = dialect.message(topic, payload, now);
    return retain ? { ...meaning, counted: ['retained', ...meaning.counted] } : meaning;
  },
});

function memoryOf(connection: string, bound: number, left: Receipts): Memory {
  const receipts = new PacketReceipts(connection, bound);
  return { receipts, earlier: receipts.read(left) };
}
