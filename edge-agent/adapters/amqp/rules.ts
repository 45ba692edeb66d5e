/** What AMQP 1.0 asks of a profile beyond its schema. */
import { amqpRules } from '../../wire/amqp/rules';

export const amqp10Rules = amqpRules('amqp', { connection: [], source: ['bind'], command: ['exchange'] });
