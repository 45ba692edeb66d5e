/** What AMQP 0-9-1 asks of a profile beyond its schema. */
import { amqpRules } from '../../wire/amqp/rules';

export const amqp091Rules = amqpRules('amqp-0-9-1', {
  connection: ['container_id'],
  source: ['name_in'],
  command: ['subject'],
});
