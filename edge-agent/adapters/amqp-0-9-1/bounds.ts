/**
 * Bodies of messages, bounded. npm amqplib keeps the frames of a body until it is whole, however long the header says that it
 * will be. Here a body that is too long becomes an empty one, and its frames go nowhere; nor do frames without anything in them,
 * of which it would keep any number.
 */
import { type Channel, type Message } from 'amqplib';

/** What amqplib hands to a channel: the header of a message has a size, a part of its body has content. */
interface Incoming {
  readonly id?: number;
  readonly size?: number;
  readonly content?: Buffer;
  readonly fields?: object;
}

/** Size of a message's body as it was announced, bytes, where it was too long. */
export type Oversize = (message: Message) => number | undefined;

export function boundBodies(channel: Pick<Channel, never>, maxBytes: number): Oversize {
  const frames = channel as { accept(frame: Incoming): void };
  const accept = frames.accept.bind(channel);
  const sizes = new WeakMap<object, number>();
  let left = 0;
  frames.accept = (frame) => {
    const { size = 0, content, fields } = frame;
    if (content?.length === 0) return;
    if (content && left > 0) left -= content.length;
    else if (size > maxBytes && fields) {
      left = size;
      sizes.set(fields, size);
      accept({ ...frame, size: 0 });
    } else accept(frame);
  };
  return ({ properties }) => sizes.get(properties);
}
