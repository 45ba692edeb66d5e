/** AMQP 0-9-1 as a field adapter: a client of a broker that is there already. One instance per connection of the profile. */
import { type ConnectionPlan } from '../../core/compile/plan';
import { type BrokerAdapterDeps, MessagesAdapter } from '../../wire/broker/adapter';
import { AmqpBroker } from '../../wire/amqp/broker';
import { amqpDialect, type AmqpMessage, type AmqpOutgoing } from '../../wire/amqp/dialect';
import { Amqp091Link } from './link';

export class Amqp091Adapter extends MessagesAdapter<AmqpMessage, AmqpOutgoing> {
  constructor(connection: ConnectionPlan, deps: BrokerAdapterDeps) {
    super(connection, deps, amqpDialect(connection), (listener) => {
      return new AmqpBroker(connection, deps, listener, Amqp091Link);
    });
  }
}
