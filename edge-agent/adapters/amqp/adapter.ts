/** AMQP 1.0 as a field adapter: a client of a broker that is there already. One instance per connection of the profile. */
import { type ConnectionPlan } from '../../core/compile/plan';
import { type BrokerAdapterDeps, MessagesAdapter } from '../../wire/broker/adapter';
import { amqpDialect, type AmqpMessage, type AmqpOutgoing } from '../../wire/amqp/dialect';
import { AmqpBroker } from '../../wire/amqp/broker';
import { AmqpLink } from './link';

export class AmqpAdapter extends MessagesAdapter<AmqpMessage, AmqpOutgoing> {
  constructor(connection: ConnectionPlan, deps: BrokerAdapterDeps) {
    super(
      connection,
      deps,
      amqpDialect(connection),
      (listener) => new AmqpBroker(connection, deps, listener, AmqpLink),
    );
  }
}
