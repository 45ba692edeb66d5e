/** Golden cases: messages.json holds what a broker delivers; npm amqplib writes the frames and puts them together again. */
import { type AgentPlan, type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { amqpDialect } from '../../../../edge-agent/wire/amqp/dialect';
import { type AmqpSettings } from '../../../../edge-agent/wire/amqp/settings';
import { ARRIVAL, bytesOf, goldenCases } from '../golden';
import { told } from '../told';
import { channelOf, delivery, Ended } from './frames';

interface Message {
  readonly why: string;
  readonly queue: string;
  readonly key: string;
  readonly text?: string;
  readonly hex?: string;
  readonly times?: number;
  /** Pieces that the body comes in. */
  readonly pieces?: number;
  /** What the header says of the body, bytes, where it is not true. */
  readonly size?: number;
}

function framesOf(message: Message): Buffer {
  const { key, pieces = 1, size } = message;
  const body = bytesOf(message);
  if (body.length === 0) return delivery(key, [], size);
  const each = Math.ceil(body.length / pieces);
  const parts = Array.from({ length: pieces }, (_, i) => body.subarray(i * each, (i + 1) * each));
  return delivery(key, parts, size);
}

function meaning(plan: AgentPlan, message: Message): object {
  const connection = plan.connections[0] as ConnectionPlan;
  const { sources, max_message_bytes } = connection.settings as AmqpSettings;
  const source = sources.findIndex(({ address }) => address === message.queue);
  let found: object = { nothing: 'yet' };
  const feed = channelOf(max_message_bytes, ({ content: payload, fields }, oversize) => {
    const fault = oversize === undefined ? '' : `${oversize} bytes`;
    const arrived = { source, name: fields.routingKey, payload, fault, durable: () => undefined };
    const { heard, bad, counted, complaint } = amqpDialect(connection).message(arrived, ARRIVAL);
    const readings = told(plan, [...heard.flatMap(({ samples }) => samples), ...bad], ARRIVAL);
    // What follows says it in words of the JavaScript engine.
    const [about, where] = complaint.split(': ', 2);
    found = { readings, ...(counted.length > 0 && { counted, refused: `${about}: ${where}` }) };
  });
  try {
    feed(framesOf(message));
    return found;
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    return { ended: true };
  }
}

goldenCases<Message>('amqp-0-9-1', 'messages.json', meaning);
