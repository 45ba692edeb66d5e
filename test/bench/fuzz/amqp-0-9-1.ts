/** AMQP 0-9-1: frames of a broker through the library and our bound of bodies, and what their messages mean by the profile. */
import { amqpDialect } from '../../../edge-agent/wire/amqp/dialect';
import { channelOf, delivery, Ended } from '../../edge-agent/adapters/amqp-0-9-1/frames';
import { connectionOf } from '../../edge-agent/plan-of';
import { type Target } from './target';

const PROFILE = `
agent: { id: fuzz }
connections:
  - name: broker
    protocol: amqp-0-9-1
    host: broker.example
    amqp: { sources: [{ address: q, topic: 'fleet.{region}.{machine}', device: '{machine}', time: /ts }] }
devices:
  - id: m
    connection: broker
    points: [{ metric: temperature }, { metric: count, type: uint64 }, { metric: state, type: string }]
`;
const NOW = 1_700_000_000_000;
const MAX_BODY_BYTES = 1_000;
const BODY = Buffer.from('{"ts":1700000000000,"temperature":21.5,"count":18446744073709551615,"state":"on"}');
const KEY = 'fleet.north.m';

function target(): Target {
  const dialect = amqpDialect(connectionOf(PROFILE));
  return {
    name: 'amqp-0-9-1 frames into a channel',
    seeds: [
      delivery(KEY, [BODY]),
      delivery(KEY, [BODY.subarray(0, 30), BODY.subarray(30)]),
      delivery(KEY, [Buffer.alloc(MAX_BODY_BYTES, '{'), Buffer.alloc(MAX_BODY_BYTES, '{')]),
    ],
    read: (bytes) => {
      // What the library throws ends a connection; what we throw would be a defect.
      let defect: Error | undefined;
      const feed = channelOf(MAX_BODY_BYTES, ({ content: payload, fields }, oversize) => {
        try {
          if (payload.length > MAX_BODY_BYTES) throw new Error(`a body of ${payload.length} bytes`);
          const fault = oversize === undefined ? '' : 'too long';
          dialect.message({ source: 0, name: fields.routingKey, payload, fault, durable: () => undefined }, NOW);
        } catch (error) {
          defect = error as Error;
        }
      });
      try {
        feed(bytes);
      } catch (error) {
        throw defect ?? error;
      }
      if (defect) throw defect;
    },
    refuses: (error) => error instanceof Ended,
  };
}

export const AMQP_0_9_1_TARGETS: readonly Target[] = [target()];
